"""gunicorn -k gunicorn_worker.Worker: uvicorn's worker with another loop."""

from uvicorn_worker import UvicornWorker


class Worker(UvicornWorker):
    CONFIG_KWARGS = {**UvicornWorker.CONFIG_KWARGS, "loop": "phaseloop:new_event_loop"}  # noqa: RUF012
