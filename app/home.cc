#include "app/home.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace phaseloop {
namespace {

namespace fs = std::filesystem;

std::optional<fs::path> on_path(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    fs::path candidate = fs::path(folder.empty() ? "." : folder) / name;
    std::error_code missing;
    if (fs::is_regular_file(candidate, missing) && ::access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
  }
  return std::nullopt;
}

// pyvenv.cfg names the version as `version` (venv) or `version_info` (virtualenv and others).
bool is_environment_for(const fs::path& folder, const std::string& version) {
  std::ifstream settings(folder / "pyvenv.cfg");
  for (std::string line; std::getline(settings, line);) {
    std::string key, equals, value;
    std::istringstream(line) >> key >> equals >> value;
    if (key == "version" || key == "version_info") return value.starts_with(version + ".");
  }
  return false;
}

std::optional<std::string> python_beside(const fs::path& program, const std::string& version) {
  const fs::path bin = program.parent_path();
  std::error_code missing;
  if (!is_environment_for(bin.parent_path(), version)) return std::nullopt;
  if (!fs::exists(bin / "python3", missing)) return std::nullopt;
  return (bin / "python3").string();
}

}  // namespace

std::string located(const std::string& program) {
  std::error_code missing;
  if (program.find('/') == std::string::npos) {
    auto found = on_path(program);
    return found ? fs::absolute(*found, missing).string() : program;
  }
  return fs::absolute(program, missing).string();
}

std::optional<std::string> python_of_environment(const std::string& program,
                                                 const std::string& version) {
  if (program.starts_with('/')) {
    if (auto own = python_beside(program, version)) return own;
  }
  auto python = on_path("python3");
  std::error_code missing;
  return python ? python_beside(fs::absolute(*python, missing), version) : std::nullopt;
}

}  // namespace phaseloop
