"""Renders against sharp and oximg: in process, on one core and on two, and over HTTP. A part of bench/speed."""

import math
import re
import shutil
import subprocess
import time
from pathlib import Path

import benchkit as kit

SHARP = Path.home() / ".cache/afterimage/bench-sharp"
# A workspace of its own: what the product is built from does not change with it.
PEER = kit.TARGET / "bench-peer/release"
OURS = "Afterimage"

# Encoders' scales differ: each has the quality that is usual for its format.
QUALITY = {"avif": 50, "webp": 75, "webp2": 75}
MODES = {
    "baseline": "JPEG", "progressive": "progressive JPEG", "webp2": "WebP, method 2 here and there",
    "webp": "WebP, each at its default effort", "avif": "AVIF, sharp at effort 2", "png": "PNG", "palette": "PNG of 256 colours",
}
MASTERS = {
    "m12": "12 MP JPEG", "p12": "12 MP progressive JPEG", "m24": "24 MP JPEG", "m2": "2 MP JPEG", "rgba": "RGBA PNG of 2000 x 2000",
    "pan": "GIF, 30 frames of 480 x 360",
}
# Master, size, mode, and the goal: how much more CPU sharp should need.
CASES = (
    ("m12", "800", "baseline", 1.6), ("m12", "400", "baseline", 1.9),
    ("p12", "800", "baseline", 4.0), ("p12", "400", "baseline", 4.0),
    ("m24", "1200", "baseline", 1.6), ("m2", "300x300", "baseline", 1.6), ("m12", "800", "progressive", 1.0),
    ("m12", "800", "webp2", 1.4), ("m12", "800", "webp", 2.0), ("m12", "800", "avif", 1.0),
    ("rgba", "600", "webp", 1.6), ("rgba", "600", "png", 2.0), ("rgba", "600", "palette", 4.0),
    ("pan", "240", "webp", 1.0),
)
# oximg crops nothing, writes no palette where there is alpha, and its AVIF wants newer libraries than Debian 12 has; 1.2 is the goal.
OXIMG_GOAL = 1.2


def oximg_takes(size, mode):
    return "x" not in size and mode in ("baseline", "webp", "png")


def prepare(base):
    """sharp beside the scripts that use it, in the cache; the masters in a folder."""
    SHARP.mkdir(parents=True, exist_ok=True)
    for file in (kit.ROOT / "bench/sharp").iterdir():
        shutil.copy(file, SHARP)
    if not (SHARP / "node_modules/sharp").exists():
        kit.say("installing sharp from npm")
        done = subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=SHARP, capture_output=True, text=True)
        if done.returncode:
            kit.fail(f"npm could not install sharp:\n{done.stderr}")
    kit.say("making the masters")
    masters = base / "masters"
    masters.mkdir()
    problem = kit.output("node", SHARP / "masters.mjs", kit.ROOT / "samples", masters)
    found = {file.stem: file for file in masters.iterdir()}
    if problem or set(found) != set(MASTERS):
        kit.fail(f"the masters could not be made: {problem}")
    return found


def versions():
    sharp = kit.output("node", "-p", f"const v=require('{SHARP}/node_modules/sharp').versions;"
                       "`sharp ${v.sharp} (libvips ${v.vips}, libaom ${v.aom})`")
    manifest = (kit.ROOT / "bench/peer/Cargo.toml").read_text()
    return f"{sharp}; oximg {re.search(r'oximg = .*?=([0-9.]+)', manifest)[1]}"


class Worker:
    """A process that renders on command."""

    COMMANDS = {
        OURS: lambda master: [kit.TARGET / "release/examples/bench_job", master],
        "sharp": lambda master: ["node", SHARP / "job.mjs", master],
        "oximg": lambda master: [PEER / "oximg_job", master],
    }

    def __init__(self, engine, master, core=kit.SERVER_CORE):
        # oximg is given the shrinking on load that it has and does not use by default; the others shrink too.
        extra = ["env", "OXIMG_DCT_MARGIN=1.7", "OXIMG_JPEG_PROGRESSIVE=0"] if engine == "oximg" else []
        self.process = kit.start(extra + self.COMMANDS[engine](master), core, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.cpu = kit.CpuClock(self.process)

    def ask(self, size, mode, count, lanes=1, save="", quality=None):
        quality = quality or QUALITY.get(mode, 80)
        self.process.stdin.write(f"{size} {quality} {mode} {count} {lanes} {save}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            kit.fail(f"{self.process.args} ended")
        return [int(number) for number in line.split()]


def scores(base, master, size, files):
    """SSIMULACRA2 and PSNR of each file."""
    references = base / "references"
    references.mkdir(exist_ok=True)
    answer = kit.output("node", SHARP / "score.mjs", PEER / "ssimulacra2", references, master, size, *files)
    try:
        return [tuple(float(number) for number in line.split()) for line in answer.split("\n")]
    except ValueError:
        kit.fail(f"the scorer says: {answer}")


def at_size(worker, base, master, size, mode, wanted):
    """Our score where our file is as large as theirs: between the two qualities on either side of that size."""
    low, high, made = 1, 100, {}

    def bytes_at(quality):
        if quality not in made:
            file = base / f"matched-{quality}.out"
            made[quality] = (worker.ask(size, mode, 1, save=file, quality=quality)[2], file)
        return made[quality][0]

    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if bytes_at(middle) <= wanted else (low, middle)
    bytes_at(low), bytes_at(high)
    (below, first), (above, second) = made[low], made[high]
    (lower, _), (upper, _) = scores(base, master, size, [first, second])
    share = (math.log(wanted) - math.log(below)) / (math.log(above) - math.log(below)) if above > below else 0
    return lower + share * (upper - lower)


def renders(rounds):
    """One job at a time on one core, then two at once on two, then memory."""
    base = kit.folder()
    masters = prepare(base)
    everyone = {kind: {} for kind in masters}
    for kind, size, mode, _ in CASES:
        for engine in (OURS, "sharp") + (("oximg",) if oximg_takes(size, mode) else ()):
            if engine not in everyone[kind]:
                everyone[kind][engine] = Worker(engine, masters[kind])
    neighbours = kit.Neighbours([worker.cpu for workers in everyone.values() for worker in workers.values()])
    rows, ratios, parts = [], [], []
    for kind, size, mode, goal in CASES:
        workers = {e: w for e, w in everyone[kind].items() if e != "oximg" or oximg_takes(size, mode)}
        case(base, masters[kind], workers, (kind, size, mode, goal), rounds, neighbours, (rows, ratios, parts))
    stop(everyone)
    sizes = ", ".join(f"{MASTERS[kind]} {file.stat().st_size / 1e6:.1f} MB" for kind, file in masters.items())
    print("## Renders in process, one at a time\n")
    print(f"Masters: {sizes}. {versions()}; {rounds} rounds;{neighbours}.\n")
    kit.table(["job", "engine", "CPU ms per job: median (min-max)", "wall ms", "kB", "SSIMULACRA2", "PSNR dB"], rows)
    print("CPU of the peer over ours, round by round; above 1 we need less. Beside it our score less theirs, at the same quality setting and at "
          "the size of their file.\n")
    kit.table(["job", "peer", "CPU ratio: median (min-max)", "goal", "score, same setting", "score, same size", "bytes of ours over theirs"], ratios)
    print("Wall time of the parts of our last job of each sort.\n")
    kit.table(["job", "decode ms", "stages ms", "encode ms"], parts)
    together(masters, rounds)
    memory(masters)


def name_of(kind, size, mode):
    return f"{MASTERS[kind].split(' of ')[0].split(',')[0]} to {size if 'x' in size else size + ' px'} {MODES[mode]}"


def case(base, master, workers, what, rounds, neighbours, tables):
    kind, size, mode, goal = what
    name, (rows, ratios, parts) = name_of(kind, size, mode), tables
    measured, shape, files = {engine: [] for engine in workers}, {}, {}
    for engine, worker in workers.items():
        files[engine] = base / f"{engine}-{kind}-{size}-{mode}.out"
        shape[engine] = worker.ask(size, mode, 2, save=files[engine])
    if len({tuple(one[:2]) for one in shape.values()}) != 1:
        kit.fail(f"{name}: the sizes differ: {shape}")
    if mode in ("baseline", "progressive"):
        for engine, file in files.items():
            made = file.read_bytes()
            if (b"\xff\xc2" in made[:2000]) != (mode == "progressive") or sampling(made) != 0x22:
                kit.fail(f"{engine}: {name} is not what was asked for")
    found = dict(zip(files, scores(base, master, size, files.values())))
    count = 2 if mode in ("avif", "palette") or kind == "pan" else 6
    for number in range(rounds + 1):
        for engine, worker in workers.items():
            with neighbours:
                cpu, begun = worker.cpu(), time.monotonic()
                answer = worker.ask(size, mode, count)
                taken = 1e3 * (worker.cpu() - cpu) / count, 1e3 * (time.monotonic() - begun) / count
            if number:
                measured[engine].append(taken)
            if engine == OURS and number == rounds:
                parts.append((name, *(f"{n / 1000:.1f}" for n in answer[3:])))
    kit.say(f"renders: {name}")
    for engine, results in measured.items():
        cpu, wall = zip(*results)
        score, psnr = found[engine]
        rows.append((name, engine, kit.spread(cpu), f"{kit.median(wall):.1f}", f"{shape[engine][2] / 1000:.1f}", f"{score:.2f}", f"{psnr:.2f}"))
    for engine in list(workers)[1:]:
        per_round = [theirs[0] / ours[0] for ours, theirs in zip(measured[OURS], measured[engine])]
        same_size = "-"
        if mode not in ("png", "palette"):
            same_size = f"{at_size(workers[OURS], base, master, size, mode, shape[engine][2]) - found[engine][0]:+.2f}"
        ratios.append((name, engine, kit.spread(per_round), goal if engine == "sharp" else OXIMG_GOAL,
                       f"{found[OURS][0] - found[engine][0]:+.2f}", same_size, f"{shape[OURS][2] / shape[engine][2]:.3f}"))


def stop(everyone):
    for workers in everyone.values():
        for worker in workers.values():
            kit.stop(worker.process)


def sampling(jpeg):
    """The first component's sampling factors; 0x22 with 0x11 for the others is 4:2:0."""
    at = 2
    while jpeg[at + 1] not in (0xC0, 0xC1, 0xC2):
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4])
    return jpeg[at + 11]


TOGETHER = (("m12", "800", "baseline"), ("m12", "400", "baseline"), ("p12", "800", "baseline"), ("m12", "800", "webp"), ("rgba", "600", "webp"))


def together(masters, rounds):
    """Two jobs at once in one process, free to use both cores."""
    rows, count = [], 6
    everyone, neighbours = {}, None
    for kind in {kind for kind, *_ in TOGETHER}:
        everyone[kind] = {engine: Worker(engine, masters[kind], core=None) for engine in Worker.COMMANDS}
    neighbours = kit.Neighbours([worker.cpu for workers in everyone.values() for worker in workers.values()])
    for kind, size, mode in TOGETHER:
        measured = {engine: [] for engine in everyone[kind]}
        for number in range(rounds + 1):
            for engine, worker in everyone[kind].items():
                with neighbours:
                    cpu, begun = worker.cpu(), time.monotonic()
                    worker.ask(size, mode, count, lanes=2)
                    taken = time.monotonic() - begun
                if number:
                    measured[engine].append((2 * count / taken, 1e3 * (worker.cpu() - cpu) / (2 * count)))
        for engine, results in measured.items():
            rate, cpu = zip(*results)
            ratio = [ours[0] / theirs[0] for ours, theirs in zip(measured[OURS], results)]
            rows.append((name_of(kind, size, mode), engine, kit.spread(rate, 1), f"{kit.median(cpu):.1f}", "" if engine == OURS else kit.spread(ratio)))
        kit.say(f"two at once: {name_of(kind, size, mode)}")
    stop(everyone)
    print("## The same, two at once in one process on both cores\n")
    print(f"{rounds} rounds of two lanes of {count} jobs;{neighbours}.\n")
    kit.table(["job", "engine", "renders/s: median (min-max)", "CPU ms per job", "ours over theirs, renders/s"], rows)


def memory(masters):
    """The peak of a process that has done nothing but two jobs at once, a few times."""
    rows = []
    for kind in ("m12", "p12"):
        peaks = {}
        for engine in Worker.COMMANDS:
            worker = Worker(engine, masters[kind], core=None)
            worker.ask("800", "baseline", 4, lanes=2)
            peaks[engine] = kit.peak_memory(worker.process) / 1e6
            kit.stop(worker.process)
        rows += [(MASTERS[kind], engine, f"{peak:.1f}", f"{peaks['sharp'] / peak:.2f}") for engine, peak in peaks.items()]
    print("Peak memory (VmHWM) of a process that only does two jobs at once, to 800 px JPEG, four times.\n")
    kit.table(["master", "engine", "MB", "sharp's over it"], rows)


COLD = (("m12", 800, 80, "jpg"), ("m12", 400, 80, "jpg"), ("p12", 800, 80, "jpg"), ("m12", 800, 75, "webp"), ("m12", 800, 50, "avif"))
SIGNATURES = {"jpg": (0, b"\xff\xd8"), "webp": (8, b"WEBP"), "avif": (4, b"ftypavif")}


def cold(rounds):
    """Misses through the whole server, and the same work of our engine alone: what lies between engine and socket."""
    count = 8
    base = kit.folder()
    masters = prepare(base)
    photos = base / "photos"
    photos.mkdir()
    for kind in {kind for kind, *_ in COLD}:
        shutil.copy(masters[kind], photos)
    ours = kit.Afterimage(photos, base / "data", kit.SERVER_CORE)
    node = kit.start(["node", SHARP / "server.mjs", photos], kit.SERVER_CORE, stdout=subprocess.PIPE, text=True)
    port = int(node.stdout.readline())
    alone = {kind: Worker(OURS, masters[kind]) for kind in {kind for kind, *_ in COLD}}
    clients = {OURS: kit.Client(ours.delivery), "node:http + sharp": kit.Client(port)}
    clocks = {OURS: ours.cpu, "node:http + sharp": kit.CpuClock(node)}
    prefix = {OURS: "/imgix", "node:http + sharp": ""}
    neighbours = kit.Neighbours([*clocks.values(), *(worker.cpu for worker in alone.values())])
    rows, ratios = [], []
    for kind, width, quality, form in COLD:
        name = f"{MASTERS[kind]} to about {width} px {form}"
        measured, latencies, engine_alone = {e: [] for e in clients}, {e: [] for e in clients}, []
        # Widths in an order that gives each round the same mean.
        widths = [width + (-1) ** n * (n // 2 + 1) for n in range((rounds + 1) * count)]
        mode = {"jpg": "baseline"}.get(form, form)
        for number in range(rounds + 1):
            for engine, clock in clocks.items():
                with neighbours:
                    before, taken = clock(), []
                    for one in widths[number :: rounds + 1]:
                        begun = time.monotonic()
                        target = f"{prefix[engine]}/{kind}.jpg?w={one}&q={quality}&fm={form}"
                        status, headers, body, _ = clients[engine].ask(target)
                        taken.append(1e3 * (time.monotonic() - begun))
                        at, sign = SIGNATURES[form]
                        if status != 200 or "; hit" in headers.get("cache-status", "") or body[at : at + len(sign)] != sign:
                            kit.fail(f"{engine} answered {status}, {headers}")
                    used = 1e3 * (clock() - before) / count
                if number:
                    measured[engine].append(used)
                    latencies[engine] += taken
            with neighbours:
                before = alone[kind].cpu()
                alone[kind].ask(str(width), mode, count, quality=quality)
                if number:
                    engine_alone.append(1e3 * (alone[kind].cpu() - before) / count)
        kit.say(f"cold: {name}")
        rows += [(name, engine, kit.spread(used), f"{kit.percentile(latencies[engine], 0.5):.1f} / {kit.percentile(latencies[engine], 0.99):.1f}")
                 for engine, used in measured.items()]
        rows.append((name, "our engine without the server", kit.spread(engine_alone), ""))
        per_round = [peer / own for own, peer in zip(measured[OURS], measured["node:http + sharp"])]
        added = [own - engine for own, engine in zip(measured[OURS], engine_alone)]
        ratios.append((name, kit.spread(per_round), kit.verdict(per_round), kit.spread(added)))
    kit.stop(ours.process)
    kit.stop(node)
    stop({kind: {OURS: worker} for kind, worker in alone.items()})
    print("## The same over HTTP, every request a miss\n")
    print(f"{rounds} rounds of {count} requests on one connection;{neighbours}.\n")
    kit.table(["job", "server", "CPU ms per request: median (min-max)", "latency p50 / p99 ms"], rows)
    kit.table(["job", "CPU of the peer over ours", "the peer needs", "what the server adds to our engine, CPU ms"], ratios)
