// SPDX-License-Identifier: Apache-2.0

package import CanaryJudge

/// A rollout that a controller has to walk.
package struct RolloutRun: Sendable {
    package var id: Int64
    /// Who the author of its changes is: `rollout/NAME`.
    package var name: String
    /// The object's newest generation.
    package var generation: Int64

    package init(id: Int64, name: String, generation: Int64 = 1) {
        self.id = id
        self.name = name
        self.generation = generation
    }

    package var author: String { "rollout/\(name)" }
}

/// A command that waits for an answer.
package struct WaitingOrder: Sendable {
    package var command: Command
    package var order: Order

    package init(_ command: Command, _ order: Order) {
        self.command = command
        self.order = order
    }
}

/// What has become of the object since the run began, that the run does not know yet.
package enum ManifestSight: Sendable, Equatable {
    case changed(by: String)
    case deleted(by: String)
}

/// A rollout's route at one moment, and what was counted of it.
package struct RouteSight: Sendable {
    /// `nil` where it is no split of the two versions.
    package var setting: RouteSetting?
    /// The id of the commit since which it is as it is.
    package var epoch: String
    /// Who made that commit; `nil` where it is not known any more.
    package var author: String?
    /// Who last changed the object that has the route.
    package var editor: String?
    /// The totals of all epochs that are known, over all proxies.
    package var counts: [String: ArmPair]
    /// Why it cannot be seen.
    package var problem: String?

    package init(
        setting: RouteSetting?,
        epoch: String,
        author: String?,
        editor: String? = nil,
        counts: [String: ArmPair] = [:],
        problem: String? = nil
    ) {
        self.setting = setting
        self.epoch = epoch
        self.author = author
        self.editor = editor
        self.counts = counts
        self.problem = problem
    }
}

/// What a controller sees at one look.
package struct RolloutSight: Sendable {
    package struct Item: Sendable {
        package var run: RolloutRun
        /// The whole journal of a rollout that the controller does not know, as far as it can be read, else nothing; `nil` where not even
        /// its beginning can be read.
        package var journal: [JournalEntry]?
        /// What of the journal cannot be read.
        package var damage: JournalReading.Damage?
        /// As it was last written.
        package var phase: RolloutState.Phase?
        package var orders: [WaitingOrder]
        package var route: RouteSight
        /// `nil` where the object is as the run knows it.
        package var manifest: ManifestSight?
        /// `nil` where nobody is asked or told.
        package var subject: RolloutSubject?

        package init(
            run: RolloutRun,
            journal: [JournalEntry]? = [],
            damage: JournalReading.Damage? = nil,
            phase: RolloutState.Phase? = nil,
            orders: [WaitingOrder] = [],
            route: RouteSight,
            manifest: ManifestSight? = nil,
            subject: RolloutSubject? = nil
        ) {
            self.run = run
            self.journal = journal
            self.damage = damage
            self.phase = phase
            self.orders = orders
            self.route = route
            self.manifest = manifest
            self.subject = subject
        }
    }

    /// Those that go on, or have orders.
    package var items: [Item]
    /// The ids of those that run.
    package var proxies: Set<String>
    /// Rollouts that cannot be walked, and why.
    package var problems: [String]

    package init(items: [Item], proxies: Set<String>, problems: [String] = []) {
        self.items = items
        self.proxies = proxies
        self.problems = problems
    }
}

/// What a controller wants to be written of one rollout.
package struct RolloutChange: Sendable {
    package var run: RolloutRun
    package var entries: [(attempt: Int, entry: JournalEntry)]
    /// The route's new setting, if it still is as it was seen: since which commit, and why.
    package var setting: (setting: RouteSetting, reason: String, seen: String)?
    /// Orders that were taken up, and why they were not obeyed, where they were not.
    package var answers: [(id: String, refusal: String?)]
    package var phase: RolloutState.Phase
    package var isOver: Bool
    /// Whether it is over because its object is gone.
    package var isWithdrawn: Bool
}

/// What became of a wanted setting.
package enum SettingOutcome: Sendable, Equatable {
    /// It is in force since this commit. Where it was before, there was nothing to change.
    case inForce(epoch: String, isNew: Bool)
    /// Somebody else has changed the route since it was seen, so it was left alone.
    case routeChanged
    case failed(String)
}

/// The controller's journal is not what it wrote: another one acts.
package struct TakenOver: Error {
    package init() {}
}

/// What a controller acts on; store and proxies, or what a test makes up.
package protocol RolloutWorld {
    /// - Parameter known: the rollouts whose journals the controller has.
    func look(known: Set<Int64>) throws -> RolloutSight

    /// Writes all of it in one transaction, or nothing.
    ///
    /// - Returns: what became of the settings, by rollout.
    /// - Throws: ``TakenOver`` where a journal has gone on without the controller.
    func write(_ changes: [RolloutChange]) throws -> [Int64: SettingOutcome]
}
