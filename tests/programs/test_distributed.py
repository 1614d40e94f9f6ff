"""dask.distributed: a scheduler, workers and a client on one loop."""


def test_cluster_in_one_process(way, run):
    assert run(way, "distributed_program.py")[-1] == "done"
