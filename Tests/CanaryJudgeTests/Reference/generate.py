#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes ReferenceValues.swift: the judge's numbers, from the formulas in its documentation, with fifty digits.

Needs mpmath. `--check` compares instead of writing; `--scipy` also compares what SciPy can tell.
"""

import pathlib
import random
import sys

from mpmath import exp, expm1, log, log1p, mp, mpf

mp.dps = 50
PLACE = pathlib.Path(__file__).parent.parent / "ReferenceValues.swift"


def spread(first, last, count):
    first, last = mpf(first), mpf(last)
    return [first * exp(log(last / first) * i / (count - 1)) for i in range(count)]


def hypothesis(name):
    """(ψ0, ψj, πj)"""
    ratios = spread("1.2", 100, 20)
    weights = [exp(-log(r / 8) ** 2 / 2) for r in ratios]
    if name == "worse":
        null, alternatives = mpf(1), ratios
    elif name == "worse1.2":
        null, alternatives = mpf("1.2"), [r * mpf("1.2") for r in ratios]
    elif name == "better2":
        null, alternatives = mpf(2), [2 / r for r in spread("1.2", 20, 12)]
        weights = [mpf(1)] * 12
    else:
        null, alternatives = mpf(1), [x for r in spread("1.05", 100, 20) for x in (r, 1 / r)]
        weights = [mpf(1)] * 40
    total = sum(weights)
    return null, alternatives, [w / total for w in weights]


def ell(counts, ratio):
    """Σ [c ln ψ − n ln(1 − w + wψ)]"""
    s = log(ratio)
    return sum(c * s - n * log1p(mpf(p) / q * expm1(s)) for p, q, n, c in counts)


def log_evidence(name, counts):
    null, alternatives, prior = hypothesis(name)
    base = ell(counts, null)
    return log(sum(w * exp(ell(counts, r) - base) for r, w in zip(alternatives, prior)))


def log_process(name, segments):
    """With start points: γ1 = 9/10, γi = 1/(10 i (i − 1)); what has not started is 1."""
    gammas = [mpf(9) / 10] + [mpf(1) / (10 * i * (i - 1)) for i in range(2, len(segments) + 1)]
    value = 1 - sum(gammas)
    for i, gamma in enumerate(gammas):
        counts = [entry for segment in segments[i:] for entry in segment]
        value += gamma * exp(log_evidence(name, counts))
    return log(value)


def interval(counts, alpha, prior=None):
    if prior:
        _, ratios, weights = hypothesis(prior)
        mixture = log(sum(w * exp(ell(counts, r)) for r, w in zip(ratios, weights)))
    else:
        points = [mpf(i) / 10 for i in range(-60, 61)]
        norm = sum(exp(-p * p / 2) for p in points)
        mixture = log(sum(exp(-p * p / 2) / norm * exp(ell(counts, exp(p))) for p in points))
    threshold = log(mpf(alpha)) + mixture

    def slope(s):
        odds = [(mpf(p) / q * exp(s), mpf(p) / q, n, c) for p, q, n, c in counts]
        return sum(c - n * o / (1 - w + o) for o, w, n, c in odds)

    top = bisect(slope, mpf(-40), mpf(40))
    inside = lambda s: ell(counts, exp(s)) - threshold
    return exp(top), exp(bisect(inside, mpf(-40), top)), exp(bisect(inside, mpf(40), top))


def bisect(function, left, right):
    sign = function(left) > 0
    for _ in range(200):
        middle = (left + right) / 2
        if (function(middle) > 0) == sign:
            left = middle
        else:
            right = middle
    return left


def log_blocks(blocks):
    stable_requests = stable_events = 0
    ratios = spread("1.2", 100, 20)
    products = [mpf(1)] * 20
    for n_s, y_s, n_c, y_c in blocks:
        theta_s = (stable_events + mpf("0.1")) / (stable_requests + 2)
        for i, ratio in enumerate(ratios):
            theta_c = min(ratio * theta_s, 1 - mpf("1e-9"))
            theta = (n_s * theta_s + n_c * theta_c) / (n_s + n_c)
            products[i] *= (
                theta_s**y_s * (1 - theta_s) ** (n_s - y_s) * theta_c**y_c * (1 - theta_c) ** (n_c - y_c)
                / (theta ** (y_s + y_c) * (1 - theta) ** (n_s + n_c - y_s - y_c))
            )
        stable_requests += n_s
        stable_events += y_s
    return log(sum(products) / 20)


def log_detector(limit, steps):
    _, alternatives, prior = hypothesis("worse")
    values = [mpf(0)] * len(alternatives)
    for n, y in steps:
        for i, ratio in enumerate(alternatives):
            values[i] = (values[i] + 1) * exp(ell([(*limit, n, y)], ratio))
    return log(sum(w * v for w, v in zip(prior, values)))


def draw(generator, largest, entries):
    shares = [(1, 100), (5, 100), (1, 10), (1, 4), (1, 2), (1, 1000000), (1, 3)]
    counts = []
    for share in generator.sample(shares, entries):
        events = generator.randint(1, largest)
        most = min(events, max(1, int(events * share[0] / share[1] * generator.uniform(0, 6))))
        counts.append((*share, events, generator.randint(0, most)))
    return counts


def swift(counts):
    return "[" + ", ".join(f"[{p}, {q}, {n}, {c}]" for p, q, n, c in counts) + "]"


def number(value):
    return mp.nstr(value, 18, min_fixed=0, max_fixed=0) if value else "0"


def text():
    generator = random.Random(20)
    lines = []
    write = lines.append
    write("// SPDX-License-Identifier: Apache-2.0")
    write("//")
    write("// Written by Reference/generate.py. Counts are the share's part and whole, events, and the canary's.")
    write("")
    write("// swift-format-ignore-file")
    write("enum ReferenceValues {")
    write("    typealias Counts = [[UInt64]]")
    write("")
    write("    static let evidence: [(hypothesis: String, counts: Counts, logEvidence: Double)] = [")
    for name in ["worse", "worse1.2", "better2", "same"]:
        for largest, entries in [(5, 1), (40, 1), (300, 3), (20_000, 4), (1_000_000_000, 3)]:
            counts = draw(generator, largest, entries)
            write(f'        ("{name}", {swift(counts)}, {number(log_evidence(name, counts))}),')
    write("    ]")
    write("")
    write("    static let processes: [(hypothesis: String, segments: [Counts], logEvidence: Double)] = [")
    for name in ["worse", "worse1.2", "same"]:
        for length, largest in [(1, 30), (3, 50), (7, 400)]:
            segments = [draw(generator, largest, generator.randint(1, 2)) for _ in range(length)]
            value = number(log_process(name, segments))
            write(f'        ("{name}", [{", ".join(map(swift, segments))}], {value}),')
    write("    ]")
    write("")
    write("    static let intervals: [(prior: String, counts: Counts, alpha: Double, ratio: [Double])] = [")
    for largest, entries, alpha in [(30, 1, "0.01"), (300, 2, "0.01"), (5_000, 4, "0.05"), (1_000_000, 3, "0.05")]:
        counts = [(p, q, n + 2, c + 1) for p, q, n, c in draw(generator, largest, entries)]
        for prior in ("", "worse", "worse1.2"):
            values = ", ".join(map(number, interval(counts, alpha, prior)))
            write(f'        ("{prior}", {swift(counts)}, {alpha}, [{values}]),')
    write("    ]")
    write("")
    write("    /// Requests and events of the stable version, then of the canary.")
    write("    static let blocks: [(blocks: Counts, logEvidence: Double)] = [")
    for length, rate in [(1, 0.1), (5, 0.02), (20, 0.3)]:
        blocks = []
        for _ in range(length):
            n_s, n_c = generator.randint(1, 200), generator.randint(1, 60)
            blocks.append((n_s, int(n_s * rate * generator.random() * 2), n_c, int(n_c * rate * generator.random() * 3)))
        write(f"        ({swift(blocks)}, {number(log_blocks(blocks))}),")
    write("    ]")
    write("")
    write("    /// Requests and failures, against a limit of 1 in 100.")
    write("    static let detector: (steps: Counts, logEvidence: Double) = (")
    steps = [(generator.randint(5, 200), generator.randint(0, 3)) for _ in range(25)]
    write("        [" + ", ".join(f"[{n}, {y}]" for n, y in steps) + f"], {number(log_detector((1, 100), steps))}")
    write("    )")
    write("}")
    return "\n".join(lines) + "\n"


def check_with_scipy():
    """What is there under other names: a likelihood ratio of two binomials, and the exact distribution of the alarm."""
    from scipy import stats

    for p, q, n, c in [(1, 10, 31, 14), (1, 100, 5000, 80), (1, 4, 40, 3)]:
        w = p / q
        for ratio in (1.5, 5, 20):
            other = w * ratio / (1 - w + w * ratio)
            want = stats.binom.logpmf(c, n, other) - stats.binom.logpmf(c, n, w)
            if abs(want - float(ell([(p, q, n, c)], mpf(ratio)))) > 1e-8 * max(1, abs(want)):
                sys.exit(f"SciPy disagrees about {c} of {n} at {w} with a ratio of {ratio}")
    # Ville's promise, with SciPy's binomial random numbers.
    generator = stats.binom(1, 0.1)
    alarms = 0
    null, alternatives, prior = hypothesis("worse")
    import numpy

    tilts = numpy.array([float(log(r)) for r in alternatives])
    costs = numpy.log1p(0.1 * numpy.expm1(tilts))
    prior = numpy.array([float(w) for w in prior])
    runs = 2000
    for seed in range(runs):
        canary = numpy.cumsum(generator.rvs(300, random_state=seed))
        events = numpy.arange(1, 301)
        values = 0.9 * numpy.exp(numpy.outer(canary, tilts) - numpy.outer(events, costs)) @ prior + 0.1
        alarms += values.max() >= 20
    if alarms > stats.binom.ppf(1 - 1e-6, runs, 0.05):
        sys.exit(f"{alarms} of {runs} runs without difference alarm at 5 %")
    print(f"SciPy agrees; {alarms} of {runs} runs without difference alarm at 5 %")


if __name__ == "__main__":
    if "--scipy" in sys.argv:
        check_with_scipy()
    if "--check" in sys.argv:
        if PLACE.read_text() != text():
            sys.exit(f"{PLACE} is not what generate.py writes")
    elif "--scipy" not in sys.argv:
        PLACE.write_text(text())
