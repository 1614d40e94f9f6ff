"""Charts of a result, as SVG and PNG: how many times faster than asyncio each loop is."""

from pathlib import Path

from harness.result import BASE, OURS, cells, faster, is_floor

OTHERS = ("#9aa5b1", "#b8a48f", "#8fb8a0", "#a899c2", "#c2a0a0", "#8fa9c2")
OUR_COLOUR = "#d1495b"


def draw(document, folder):
    """One chart for each plane in the document. Returns the paths written."""
    written = []
    for plane in dict.fromkeys(row["plane"] for row in document["rows"]):
        rows = [row for row in document["rows"] if row["plane"] == plane and BASE in row["samples"]]
        names = [n for n in _names(rows) if n != BASE]
        if rows and names:
            written += _draw_plane(document, plane, rows, names, Path(folder))
    return written


def _names(rows):
    """Every loop that has a figure somewhere, ours last: it is drawn on top."""
    names = dict.fromkeys(name for row in rows for name in row["samples"] if not is_floor(name))
    return sorted(names, key=lambda name: name == OURS)


def _draw_plane(document, plane, rows, names, folder):
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "phaseloop"  # the same result gives the same file
    from matplotlib import pyplot

    height = 0.16 * (len(names) + 1.2) * len(rows) + 1.2
    figure, axes = pyplot.subplots(figsize=(9, height), layout="constrained")
    _draw_bars(axes, rows, names)
    axes.set_title(f"Times faster than asyncio, CPython {document['facts']['python']}")
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{plane}-{'.'.join(document['facts']['python'].split('.')[:2])}"
    paths = [folder / f"{stem}.svg", folder / f"{stem}.png"]
    for path in paths:
        metadata = {"Date": None} if path.suffix == ".svg" else {}
        figure.savefig(path, dpi=120, metadata=metadata)
    pyplot.close(figure)
    return paths


def _draw_bars(axes, rows, names):
    width = 0.8 / len(names)
    for i, name in enumerate(names):
        colour = OUR_COLOUR if name == OURS else OTHERS[i % len(OTHERS)]
        for j, row in enumerate(rows):
            found = faster(cells(row), name, BASE)
            if found is None:
                continue
            at = j - 0.4 + (i + 0.5) * width
            error = [[found.median - found.low], [found.high - found.median]]
            axes.barh(at, found.median, width, color=colour, xerr=error,
                      error_kw={"elinewidth": 0.7, "ecolor": "#444"},
                      label=name if j == 0 or name not in axes.get_legend_handles_labels()[1]
                      else None)  # fmt: skip
    axes.set_yticks(range(len(rows)), [row["name"].replace("_", " ") for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xscale("log")
    axes.axvline(1, color="#222", linewidth=0.8)
    ticks = [0.5, 1, 2, 5, 10, 20, 50]
    axes.set_xticks(ticks, [f"{tick:g}x" for tick in ticks], minor=False)
    axes.set_xlabel("times faster than asyncio (logarithmic); bars end at the median of the rounds")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
