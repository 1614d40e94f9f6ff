"""Where functions start and how long they are, whatever stands in and around them."""

from textwrap import dedent

import cpp_scan
import pytest


def found(text):
    return list(cpp_scan.functions(dedent(text).removeprefix("\n")))


SCOPES = {
    "none": """
        int f() {
          return 1;
        }""",
    "namespace": """
        namespace a::b {
        int f() {
          return 1;
        }
        }  // namespace a::b""",
    "class": """
        class [[nodiscard]] A final : public B {
          int x = 0;
          int y{1};

         public:
          int f() const noexcept {
            return 1;
          }
        };""",
    "template": """
        template <class T>
        struct A {
          T f() {
            return 1;
          }
        };""",
    "linkage": """
        extern "C" {
        int f() {
          return 1;
        }
        }""",
}


@pytest.mark.parametrize("scope", SCOPES)
def test_a_function_in_every_scope(scope):
    assert [length for _, length in found(SCOPES[scope])] == [3]


def test_the_signature_counts_and_the_comment_does_not():
    text = """

        // What it does.
        template <class T>
        int f(int a,
              int b)
            requires X<T> {
        }"""
    assert found(text) == [(3, 5)]


def test_access_specifiers_do_not_count():
    text = """
        class A {
         public:
          void f() {
          }
         private:
          void g() {
          }
        };"""
    assert found(text) == [(3, 2), (6, 2)]


def test_member_initialisers_are_part_of_the_constructor():
    text = """
        A::A(int x)
            : a_{x},
              b_(x),
              c_{x} {
          go();
        }
        int g() { return 1; }"""
    assert found(text) == [(1, 6), (7, 1)]


def test_braces_in_comments_and_literals_are_no_braces():
    text = r"""
        void f() {
          // }
          /* }
           } */
          puts("}\"}");
          char c = '}';
          auto r = R"x(} )" })x";
          int n = 1'000'000;
        }
        int g() {
        }"""
    assert found(text) == [(1, 9), (10, 2)]


def test_directives_are_left_out():
    text = r"""
        #define OPEN {
        #define LONG \
          {
        void f() {
        }"""
    assert found(text) == [(4, 2)]


@pytest.mark.parametrize(
    "text",
    [
        "PyMethodDef methods[] = {\n  {f()},\n  {}};\n",
        "enum class E {\n  kA,\n  kB\n};\n",
        "constexpr auto kAll = std::to_array<int>({\n  1,\n  2});\n",
        "struct A;\nint f();\n",
    ],
)
def test_tables_and_declarations_are_no_functions(text):
    assert found(text) == []


def test_lambdas_and_local_classes_belong_to_their_function():
    text = """
        void f() {
          auto g = [](int x) {
            return x;
          };
          struct L {
            void h() {
            }
          };
        }"""
    assert found(text) == [(1, 9)]


def test_operators_trailing_types_and_macros():
    text = """
        bool operator==(A a, A b) {
        }
        auto f() -> std::vector<int> {
        }
        PYBIND11_MODULE(_native, m) {
        }
        TEST(Heap, Pops) {
        }"""
    assert [length for _, length in found(text)] == [2, 2, 2, 2]


def test_blanking_keeps_lines_and_columns():
    assert cpp_scan.code_of('a /* x\ny */ b("c"); // d\n') == "a     \n     b(   );     \n"
