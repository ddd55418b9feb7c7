#!/usr/bin/env python3
"""How often does a fleet of processes ask its issuer for keys, and how long do good tokens wait?

Prints what the model says of 50 and of 1,000 processes. `fleet_page.py` brings it into fleet.md.

A model with discrete events, in the standard library alone. The same processes run twice: each for
itself, and with a shared store as the guide for fleets describes it. Chance comes from a seed, so
the figures are the same in each run. docs/fleet_measured.json has what real processes did in the
same situations; `extras/fleet` writes it.

Each for itself: a set is fetched again at 72 to 80 % of its life; a failure is followed by a pause
of 1 s that doubles up to `cooldown`, less up to a quarter; without keys, `Retry-After` counts up to
60 s, and up to a half more; an unknown `kid` gets two fetches at once and one more per `cooldown`.

With the store: a process looks at the store at 72 to 80 % of the life of its set and takes a newer
one. Otherwise it tries for the lease, and who has the lease fetches for all. The others look again
after 100, 200, 400 and 800 ms and then each second, as long as the lease is there. A failure writes
`hold`, which nobody passes until it ends; its count doubles the next pause. The fleet has two
fetches for unknown `kid`s at once and three per two cooldowns; each process looks at the store once
a second at most. A process without keys waits for lease and hold as long as a fetch may take and a
second more; one whose set is older than `max_age` fetches at 100 to 120 % of it, whatever the store
says. Without an answer of the store, each process fetches between 80 and 100 % of the life.

Not in the model: lost packets, processes that crash, wrong clocks, caches in front of the issuer.
"""
import heapq
import random
from collections import Counter
from dataclasses import dataclass

AHEAD = (0.72, 0.80)  # of the life of a set: the next fetch, or the look at the store
ALONE = (0.80, 1.00)  # the same, when the store does not answer
AT_LAST = (1.00, 1.20)  # of max_age: whatever the store says
FIRST_PAUSE, PAUSE_JITTER = 1.0, 0.25
RETRY_AFTER_LIMIT, RETRY_AFTER_JITTER = 60.0, 0.5
KID_FETCHES = 2
LEASE_LOOKS = (0.1, 0.2, 0.4, 0.8)
DISCOVERY_REUSE = 60.0


@dataclass
class Settings:
    max_age: float = 600.0
    cooldown: float = 30.0
    timeout: float = 5.0
    leeway: float = 60.0
    store_timeout: float = 0.25
    discovery: bool = True
    latency: float = 0.15  # of one request to the issuer
    store_latency: float = 0.001


class Issuer:
    """A bucket of requests that refills; without a rate there is no limit."""

    def __init__(self, rate=None, retry_after=0.0):
        self.rate, self.left, self.at = rate, rate or 0, 0.0
        self.retry_after, self.is_down = retry_after, False
        self.version = 1
        self.per_second, self.refused = Counter(), 0

    def ask(self, now):
        """Whether the request succeeds."""
        self.per_second[int(now)] += 1
        if self.is_down:
            return False
        if self.rate is None:
            return True
        self.left = min(self.rate, self.left + (now - self.at) * self.rate)
        self.at = now
        if self.left < 1:
            self.refused += 1
            return False
        self.left -= 1
        return True

    def requests(self, since=0.0, until=float("inf")):
        return sum(count for second, count in self.per_second.items() if since <= second < until)


class Slots:
    """Fetches for unknown kids: a name in the store for each, of one and of two cooldowns."""

    def __init__(self):
        self.until = [0.0] * KID_FETCHES

    def take(self, now, cooldown):
        for number, until in enumerate(self.until):
            if now >= until:
                self.until[number] = now + cooldown * (number + 1)
                return True
        return False


class Budget:
    """Fetches for unknown kids of one process."""

    def __init__(self):
        self.left, self.since = KID_FETCHES, 0.0

    def take(self, now, cooldown):
        while self.left < KID_FETCHES and now >= self.since + cooldown:
            self.since, self.left = self.since + cooldown, self.left + 1
        if self.left == KID_FETCHES:
            self.since = now
        if not self.left:
            return False
        self.left -= 1
        return True


class Store:
    def __init__(self):
        self.is_up = True
        self.version, self.fetched_at = 0, None
        self.lease = None
        self.hold_until, self.failures, self.failures_until = 0.0, 0, 0.0
        self.slots = Slots()
        self.looks = Counter()


class Process:
    def __init__(self):
        self.version, self.fetched_at = 0, None
        self.due = self.alone_at = self.at_last = 0.0
        self.failures, self.retry_at = 0, 0.0
        self.budget = Budget()
        self.looked_at = -1.0
        self.named_at = None  # when the metadata were read that a failed fetch may use again
        self.is_busy = False
        self.taken_at = None
        self.ready_at = None
        self.asked_at = self.served_at = None  # of the first token with the new key


class Fleet:
    """`count` processes, and one issuer. The methods with `yield` are tasks: they yield a pause."""

    def __init__(self, count, settings, issuer, shared, seed=7):
        self.random = random.Random(seed)
        self.settings, self.issuer, self.shared = settings, issuer, shared
        self.store = Store()
        self.processes = [Process() for _ in range(count)]
        self.queue, self.number, self.now = [], 0, 0.0

    # -- tasks
    def spawn(self, task, after=0.0):
        self.number += 1
        heapq.heappush(self.queue, (self.now + after, self.number, task))

    def run(self, until):
        while self.queue and self.queue[0][0] <= until:
            self.now, _, task = heapq.heappop(self.queue)
            pause = next(task, None)
            if pause is not None:
                self.spawn(task, max(pause, 0.0))
        self.now = until

    def between(self, bounds):
        return self.random.uniform(*bounds)

    # -- keys
    def keep(self, process):
        """The task of one process: fetches when a set is due."""
        while True:
            next_at = max(process.due, process.retry_at)
            if self.now < next_at or process.is_busy:
                yield max(next_at - self.now, 0.1)
                continue
            yield from self.refresh(process)

    def refresh(self, process, for_kid=False):
        if process.is_busy or self.now < process.retry_at:
            return
        process.is_busy = True
        if self.shared:
            yield from self.fetch_for_all(process, for_kid)
        else:
            yield from self.fetch(process)
        process.is_busy = False

    def fetch_for_all(self, process, for_kid):
        began, looks, store = self.now, list(LEASE_LOOKS), self.store
        while True:
            yield from self.call_store()
            if not store.is_up:
                if process.fetched_at is not None and self.now < process.alone_at and not for_kid:
                    process.due = process.alone_at
                    return
                return (yield from self.fetch(process))
            if self.take_newer(process):
                return
            is_cold = process.fetched_at is None
            if not is_cold and self.now >= process.at_last:
                return (yield from self.fetch(process))
            if self.now < store.hold_until:
                process.retry_at = store.hold_until + self.random.random()
                return
            if store.lease is None:
                store.lease = process
                yield from self.fetch(process)
                store.lease = None
                return
            if is_cold and self.now - began >= self.settings.timeout + 1.0:
                return (yield from self.fetch(process))
            yield looks.pop(0) if looks else 1.0

    def call_store(self):
        self.store.looks[int(self.now)] += 1
        yield self.settings.store_latency if self.store.is_up else self.settings.store_timeout

    def take_newer(self, process):
        store = self.store
        if store.fetched_at is None or store.fetched_at == process.fetched_at:
            return False
        if process.fetched_at is not None and store.fetched_at < process.fetched_at:
            return False
        if self.now - store.fetched_at >= self.settings.max_age:
            return False
        self.take(process, store.version, store.fetched_at)
        return True

    def fetch(self, process):
        started, s = self.now, self.settings
        reuse = process.named_at is not None and self.now - process.named_at < DISCOVERY_REUSE
        for request in range(2 if s.discovery and not reuse else 1):
            yield s.latency * self.random.uniform(0.7, 1.5)
            if not self.issuer.ask(self.now):
                return self.failed(process)
            process.named_at = self.now if s.discovery else None
        process.named_at = None
        self.take(process, self.issuer.version, started)
        store = self.store
        if self.shared and store.is_up and (store.fetched_at is None or store.fetched_at < started):
            store.version, store.fetched_at = self.issuer.version, started
            store.hold_until = store.failures = 0

    def failed(self, process):
        store = self.store
        if self.shared and store.is_up:
            if self.now >= store.failures_until:
                store.failures = 0
            store.hold_until = self.now + self.pause(store.failures, process)
            store.failures += 1
            store.failures_until = store.hold_until + 2 * self.settings.cooldown
            process.retry_at = store.hold_until + self.random.random()
        else:
            process.retry_at = self.now + self.pause(process.failures, process)
        process.failures += 1

    def pause(self, failures, process):
        pause = min(FIRST_PAUSE * 2 ** min(failures, 20), self.settings.cooldown)
        pause *= 1 - PAUSE_JITTER * self.random.random()
        asked = min(self.issuer.retry_after, RETRY_AFTER_LIMIT)
        if process.fetched_at is None:
            asked *= 1 + RETRY_AFTER_JITTER * self.random.random()
        return max(pause, asked)

    def take(self, process, version, fetched_at):
        life = self.settings.max_age
        if process.ready_at is None:
            process.ready_at = self.now
        process.version, process.fetched_at, process.taken_at = version, fetched_at, self.now
        if process.asked_at is not None and process.served_at is None and version >= self.issuer.version:
            process.served_at = self.now
        process.failures, process.retry_at = 0, 0.0
        process.due = fetched_at + life * self.between(AHEAD)
        process.alone_at = fetched_at + life * self.between(ALONE)
        process.at_last = fetched_at + life * self.between(AT_LAST)

    # -- tokens
    def unknown_kid(self, process):
        """Whether and how the key is looked for. Nothing happens while a fetch is under way."""
        s = self.settings
        if process.is_busy or self.now < process.retry_at:
            return
        if self.shared and self.store.is_up:
            if self.now < process.looked_at + 1.0:
                return
            process.looked_at = self.now
            process.is_busy = True
            yield from self.call_store()
            process.is_busy = False
            if self.take_newer(process):
                return
            if not process.budget.take(self.now, s.cooldown):
                return
            if self.store.lease is None and not self.store.slots.take(self.now, s.cooldown):
                # Believed only while a fetch has been made of it.
                if self.now - self.store.fetched_at < 2 * s.cooldown + s.leeway:
                    return
        elif not process.budget.take(self.now, s.cooldown):
            return
        yield from self.refresh(process, for_kid=True)

    def new_key(self, process):
        """A client whose token names the new key, and that asks each second until it is served."""
        process.asked_at = self.now
        if process.version >= self.issuer.version:
            process.served_at = self.now
        while process.served_at is None:
            yield from self.unknown_kid(process)
            yield 1.0

    def junk(self, process, every):
        while True:
            yield from self.unknown_kid(process)
            yield every * self.random.uniform(0.5, 1.5)

    # -- situations
    def warm(self):
        """As after hours: everybody has a set, and those of single processes differ in age."""
        life = self.settings.max_age * AHEAD[0]
        shared_at = -self.random.uniform(0, life)
        self.store.version, self.store.fetched_at = 1, shared_at
        for process in self.processes:
            own_at = shared_at if self.shared else -self.random.uniform(0, life)
            self.take(process, 1, own_at)
            process.ready_at = None
            self.spawn(self.keep(process))


def quantile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))] if values else 0.0


@dataclass
class Situation:
    """What happens to the processes. Times in seconds; the issuer bears `rate` requests a second."""

    count: int
    settings: Settings
    lives: float
    over: float
    rate: float
    every: float

    @property
    def flood(self):
        return 4 * self.settings.cooldown

    @property
    def down(self):
        return 1.5 * self.settings.max_age

    @property
    def after(self):
        return self.settings.cooldown + 5.0


# What real processes can go through in some minutes, and what a large fleet has by default.
MEASURED = Situation(50, Settings(max_age=30.0, cooldown=3.0, leeway=5.0), lives=6, over=2.0, rate=10, every=0.2)
LARGE = Situation(1000, Settings(), lives=6, over=5.0, rate=20, every=5.0)


def steady(at, shared):
    """Nothing happens for some lives of a set."""
    fleet = Fleet(at.count, at.settings, Issuer(), shared)
    fleet.warm()
    fleet.run(at.lives * at.settings.max_age)
    return {"requests": fleet.issuer.requests()}


def restart(at, shared):
    """All start within a few seconds, and the issuer has a limit."""
    fleet = Fleet(at.count, at.settings, Issuer(at.rate), shared)
    for process in fleet.processes:
        fleet.spawn(fleet.keep(process), fleet.random.uniform(0, at.over))
    while not all(process.ready_at for process in fleet.processes):
        fleet.run(fleet.now + 1.0)
    last = max(process.ready_at for process in fleet.processes)
    return {"requests": fleet.issuer.requests(until=last + 1.0), "seconds": last}


def rotation(at, shared, store_is_up=True):
    """A new key signs, and each process meets it within a second. The issuer has a limit."""
    fleet = Fleet(at.count, at.settings, Issuer(at.rate), shared)
    fleet.warm()
    fleet.run(at.settings.max_age)
    fleet.store.is_up = store_is_up
    began, before = fleet.now, fleet.issuer.requests()
    fleet.issuer.version = 2
    for process in fleet.processes:
        fleet.spawn(fleet.new_key(process), fleet.random.random())
    while not all(process.served_at for process in fleet.processes):
        fleet.run(fleet.now + 1.0)
    waits = [process.served_at - process.asked_at for process in fleet.processes]
    return {"requests": fleet.issuer.requests() - before, "seconds": max(waits), "half": median(waits)}


def store_down(at, shared):
    """The same while the store is down."""
    return rotation(at, shared, store_is_up=not shared)


def flood(at, shared):
    """Tokens with made-up kids at each process, for four cooldowns."""
    fleet = Fleet(at.count, at.settings, Issuer(), shared)
    fleet.warm()
    fleet.run(at.settings.max_age)
    before = fleet.issuer.requests()
    for process in fleet.processes:
        fleet.spawn(fleet.junk(process, at.every), fleet.random.uniform(0, at.every))
    fleet.run(fleet.now + at.flood)
    return {"requests": fleet.issuer.requests() - before}


def outage(at, shared):
    """The issuer answers nobody for one and a half lives of a set."""
    fleet = Fleet(at.count, at.settings, Issuer(), shared)
    fleet.warm()
    fleet.run(at.settings.max_age)
    before = fleet.issuer.requests()
    fleet.issuer.is_down = True
    fleet.run(fleet.now + at.down)
    down, back = fleet.issuer.requests() - before, fleet.now
    fleet.issuer.is_down = False
    while not all(process.fetched_at > back - 1.0 for process in fleet.processes):
        fleet.run(fleet.now + 0.1)
    return {"requests": down, "seconds": max(process.taken_at for process in fleet.processes) - back}


SITUATIONS = (steady, restart, rotation, store_down, flood, outage)


FORMS = ("alone", "fleet")


def median(values):
    return sorted(values)[len(values) // 2]


def figures(at):
    """Of all situations: each process for itself, and with the store."""
    return {play.__name__: {form: play(at, form == "fleet") for form in FORMS} for play in SITUATIONS}



def main():
    for at in (MEASURED, LARGE):
        print(f"{at.count} processes")
        for name, of in figures(at).items():
            print(f"  {name:10}", *(f"{form}: {of[form]}" for form in FORMS), sep="\n    ")


if __name__ == "__main__":
    main()
