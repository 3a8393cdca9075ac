// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import Testing

/// Journals of which a part cannot be read.
@Suite struct JournalDamageTests {
    /// Reads rows of which some are broken and others are gone.
    private func reading(_ journal: [JournalEntry], broken: Set<Int> = [], gone: Set<Int> = [])
        -> JournalReading
    {
        var reading = JournalReading()
        for entry in journal where !gone.contains(entry.number) {
            reading.add(entry.number, broken.contains(entry.number) ? "{" : entry.line)
        }
        return reading
    }

    /// What a controller makes of a bench whose journal it reads so.
    private func recover(
        _ bench: inout Bench,
        _ reading: JournalReading,
        stranger: String? = nil
    ) throws {
        let state = try #require(RolloutState(replaying: reading.entries))
        let remains = RolloutRemains(
            try #require(reading.damage),
            phase: bench.state.phase,
            setting: bench.setting,
            epoch: bench.epoch,
            stranger: stranger
        )
        bench.moment.monotonic = 5
        let (machine, outcome) = try #require(
            RolloutMachine.recover(state, remains, term: state.term + 1, at: bench.moment)
        )
        bench.machine = machine
        bench.act(on: outcome)
    }

    @Test func `it is read to the last good entry, and from an entry that goes on behind it`() throws {
        var bench = Bench(.fixed())
        bench.seconds(12)
        let last = bench.journal.count
        #expect(reading(bench.journal).entries == bench.journal && reading(bench.journal).damage == nil)
        for (broken, gone) in [(Set([5]), Set<Int>()), ([], [5]), ([5, 7], [6, 9])] {
            let read = reading(bench.journal, broken: broken, gone: gone)
            #expect(read.entries == Array(bench.journal.prefix(4)))
            #expect(read.damage == .init(first: 5, last: last))
            #expect("\(try #require(read.damage))" == "entries 5 to \(last) of its journal cannot be read")
        }
        #expect(reading(bench.journal, broken: [last]).damage == .init(first: last, last: last))
        #expect(reading(bench.journal, gone: [last]).damage == nil)
        #expect(reading(bench.journal, broken: [1]).entries == [])

        try recover(&bench, reading(bench.journal, broken: [5]))
        let read = reading(bench.journal, broken: [5])
        #expect(read.damage == nil && read.entries.last == bench.journal.last)
        #expect(RolloutState(replaying: read.entries) == bench.state)
        let behind = try #require(read.entries.dropFirst(4).first)
        #expect(behind.event == .recovered(behind: 4) && behind.number == last + 1)
        #expect(
            behind.sentence(bench.state)
                == "entries 5 to \(last) of its journal cannot be read: it goes on behind entry 4"
        )
        // What is damaged later is behind that one, or takes it along.
        #expect(reading(bench.journal, broken: [5, last + 2]).entries.count == 5)
        #expect(reading(bench.journal, broken: [5, last + 1]).entries.count == 4)
        // It means nothing behind another entry.
        #expect(reading(bench.journal, broken: [4]).entries.count == 3)
        #expect(RolloutTimeline(replaying: read.entries)?.state == bench.state)
    }

    @Test func `it holds what there is, until somebody says what is to be done`() throws {
        var bench = Bench(.fixed())
        bench.seconds(13)
        #expect(bench.state.step == 1 && bench.setting == .split(.half))
        let counts = bench.totals
        try recover(&bench, reading(bench.journal, broken: [6]))
        bench.seconds(30, canary: 50, stable: 50)
        #expect(bench.state.phase == .paused && bench.setting == .split(.half))
        #expect(bench.state.step == 0 && !bench.state.isEdited)
        #expect(
            bench.state.message.hasSuffix(
                "of its journal cannot be read, and what it did since is not known; \"resume\" sets 10 % again"
            )
        )
        // Whatever was counted since is there.
        let all = counts.values.reduce(0) { $0 + $1.canary.assigned } + 30 * 50
        #expect(bench.state.judge.metrics[0].canary.requests == all)
        #expect(RolloutState(replaying: reading(bench.journal, broken: [6]).entries) == bench.state)

        bench.order(.resume)
        #expect(bench.setting == .split(Share(percent: 10)) && bench.state.phase == .progressing)
        bench.seconds(11)
        #expect(bench.state.step == 1)
    }

    @Test func `it is judged on, and taken back`() throws {
        var bench = Bench(.fixed())
        bench.seconds(13)
        try recover(&bench, reading(bench.journal, broken: [6]))
        bench.seconds(10, canary: 50, stable: 50, errors: 5)
        #expect(bench.state.phase == .aborted && bench.setting == .stable)
    }

    @Test func `a route that somebody else has set meanwhile stands`() throws {
        var bench = Bench(.fixed())
        bench.seconds(5)
        let reading = reading(bench.journal, broken: [6])
        bench.setting = .split(Share(percent: 33))
        bench.epoch = "bob's"
        try recover(&bench, reading, stranger: "bob")
        bench.seconds(20)
        #expect(bench.state.isEdited && bench.setting == .split(Share(percent: 33)))
        #expect(bench.state.phase == .paused)
        bench.order(.abort)
        #expect(bench.setting == .stable)
    }

    @Test func `where the manifest wants nobody's rollouts to be stable, it is taken back`() throws {
        for freezes in [false, true] {
            var bench = Bench(
                .fixed { plan in
                    plan.onControllerLost = ControllerLoss(fallsBack: true)
                    plan.onAbort = freezes ? .freeze : .takeBack
                }
            )
            bench.seconds(13)
            try recover(&bench, reading(bench.journal, broken: [6]))
            #expect(bench.state.phase == (freezes ? .paused : .aborted))
            #expect(bench.setting == (freezes ? .split(.half) : .stable))
            guard !freezes else { continue }
            #expect(bench.state.message.hasPrefix("entries 6 to "))
            bench.order(.retry)
            #expect(bench.state.phase == .progressing && bench.state.step == 0)
        }
    }

    @Test func `what was taken back or promoted stays so`() throws {
        var bench = Bench(.test { $0.watch = .seconds(60) })
        bench.seconds(20, errors: 1)
        #expect(bench.state.phase == .aborted)
        try recover(&bench, reading(bench.journal, broken: [7]))
        #expect(bench.state.phase == .aborted && bench.setting == .stable)

        for broken in [bench.journal.count, 5] {
            bench = Bench(.fixed { $0.watch = .seconds(60) })
            bench.order(.promoteFull)
            bench.seconds(10, canary: 100, stable: 0)
            let isKnown = broken > 5
            try recover(&bench, reading(bench.journal, broken: [isKnown ? bench.journal.count - 1 : 5]))
            #expect(bench.setting == .canary)
            #expect(bench.state.phase == (isKnown ? .promoted : .paused))
            if isKnown {
                bench.seconds(60, canary: 100, stable: 0)
                #expect(bench.state.isWatchOver)
            } else {
                bench.order(.promoteFull)
                #expect(bench.state.phase == .promoted)
            }
        }

        // It was promoted, undone, and begun again.
        bench = Bench(.fixed())
        bench.order(.promoteFull)
        bench.seconds(2, canary: 100, stable: 0)
        let promoted = bench.journal.count
        bench.order(.undo)
        bench.order(.retry)
        bench.seconds(3)
        try recover(&bench, reading(bench.journal, broken: [promoted + 1]))
        #expect(bench.state.phase == .aborted && bench.setting == .stable)
    }

    @Test func `who is behind does not take over`() throws {
        var bench = Bench(.fixed())
        bench.seconds(5)
        let reading = reading(bench.journal, broken: [6])
        let state = try #require(RolloutState(replaying: reading.entries))
        let remains = RolloutRemains(try #require(reading.damage), phase: .progressing)
        #expect(RolloutMachine.recover(state, remains, term: state.term, at: bench.moment) == nil)
    }
}
