"""What the rows' floors are made of. Only floors import the C module: it is built for them."""


async def nothing():
    """Returns at once."""


async def once():
    """Gives way once."""
    import bare

    await bare.switch


def drive(coroutines):
    """Resumes the coroutines in turn until all have returned."""
    import bare

    bare.drive(coroutines)


def call(count, function, *args):
    """Calls the function so often."""
    import bare

    bare.call(count, function, *args)


def switching(count):
    """One coroutine that gives way so often."""
    import bare

    async def run():
        switch = bare.switch
        for _ in range(count):
            await switch

    bare.drive([run()])


def batches(count, size, make):
    """`count` coroutines in batches of `size`, each batch driven to its end."""
    import bare

    for _ in range(max(1, count // size)):
        bare.drive([make() for _ in range(size)])
