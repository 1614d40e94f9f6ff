import asyncio


class Crawler:
    def __init__(self, roots, max_tasks=3, loop=None):
        self.loop = loop or asyncio.get_event_loop()
        self.queue = asyncio.Queue(loop=self.loop)
        self.max_tasks = max_tasks
        self.seen = set()
        for root in roots:
            self.add(root)

    def add(self, url):
        if url not in self.seen:
            self.seen.add(url)
            self.queue.put_nowait(url)

    async def fetch(self, url):
        await asyncio.sleep(0.001, loop=self.loop)
        if len(url) < 3:
            self.add(url + 'a')
            self.add(url + 'b')

    async def work(self):
        try:
            while True:
                url = await self.queue.get()
                await self.fetch(url)
                self.queue.task_done()
        except asyncio.CancelledError:
            pass

    async def crawl(self):
        workers = [asyncio.Task(self.work(), loop=self.loop) for _ in range(self.max_tasks)]
        await self.queue.join()
        for w in workers:
            w.cancel()
        await asyncio.wait(workers, loop=self.loop)


loop = asyncio.get_event_loop()
crawler = Crawler(['x', 'y'], loop=loop)
loop.run_until_complete(crawler.crawl())
print(sorted(crawler.seen))
loop.close()
