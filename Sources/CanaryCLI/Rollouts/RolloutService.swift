// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryRollout
import CanaryStore
import CanarySystem

/// The controller of a store, as long as it lives.
struct RolloutService {
    private let session: ClusterSession
    private var lock: ControllerLock
    private var world: StoreRolloutWorld?
    private var controller: RolloutController
    private let only: Int64?
    /// Whether it stays long enough to ask others and to tell them.
    private let isLasting: Bool
    /// Whether it says what the rollouts do; otherwise somebody else does.
    private let isTelling: Bool
    private var told = ""
    /// How often it says that it is there.
    private static let signMilliseconds: Int64 = 1000
    private var signedAt: Int64 = 0

    /// `nil` where another process is the controller.
    ///
    /// - Parameter only: the only rollout to move.
    /// - Parameter isLasting: whether it stays long enough to ask others and to tell them.
    init?(
        _ session: ClusterSession,
        only: Int64? = nil,
        isLasting: Bool = true,
        isTelling: Bool = false
    ) throws {
        guard let lock = try ControllerLock.acquire(at: session.location) else { return nil }
        self.session = session
        self.lock = lock
        self.only = only
        self.isTelling = isTelling
        self.isLasting = isLasting
        controller = Self.controller(session, isLasting: isLasting)
    }

    private static func controller(_ session: ClusterSession, isLasting: Bool) -> RolloutController {
        guard isLasting else { return RolloutController() }
        // So that commands may use canaryctl, too.
        let own = ["CANARYCTL_STORE": session.settings.storeDirectory]
        return RolloutController(
            RolloutErrands(environment: session.context.environment.merging(own) { $1 })
        )
    }

    /// One look and what follows from it. A store that cannot be read or changed now is told once, and tried again by the next turn.
    mutating func turn() throws {
        do {
            try keepUp()
            let world = try self.world ?? StoreRolloutWorld(session, only: only)
            self.world = world
            let moment = Moment(wall: session.context.now(), monotonic: Clock.monotonicMilliseconds())
            for notice in try controller.turn(world, at: moment) where isTelling { tell("note", notice) }
            giveSign(moment)
            told = ""
        } catch let error as StoreError {
            world = nil
            if error.message != told { tell("warning", error.message) }
            told = error.message
        } catch is TakenOver {
            throw CommandError(
                "a journal is not as this controller left it: another one wrote it, or a backup was brought back",
                hint: "canaryctl rollout run goes on from what the journal says"
            )
        }
    }

    /// Goes over to the store that is at the place now, where another one was put there.
    private mutating func keepUp() throws {
        if !lock.isHeld(at: session.location) {
            forget()
            guard let lock = try ControllerLock.acquire(at: session.location) else {
                throw CommandError(
                    "the store was replaced, and the one that is at its place has another controller",
                    hint: "one controller is enough: canaryctl rollout status HOST shows what it does"
                )
            }
            self.lock = lock
        } else if world?.isIntact == false {
            forget()
        }
    }

    private mutating func forget() {
        if world != nil, isTelling { tell("note", "the store was replaced: its rollouts are read anew") }
        // Rollouts of another store may have the same numbers.
        controller.stop()
        (world, controller) = (nil, Self.controller(session, isLasting: isLasting))
    }

    /// Ends what it has begun.
    ///
    /// - Parameter patience: how long to wait for what others are still to be told, in milliseconds. The next controller tells the rest.
    mutating func stop(patience: Int64 = 0) {
        let deadline = Clock.monotonicMilliseconds() + patience
        while controller.hasNotices, Clock.monotonicMilliseconds() < deadline {
            EventDescriptor().wait(milliseconds: RolloutController.pauseMilliseconds)
            guard (try? turn()) != nil else { break }
        }
        controller.stop()
    }

    private mutating func giveSign(_ moment: Moment) {
        guard moment.monotonic - signedAt >= Self.signMilliseconds else { return }
        signedAt = moment.monotonic
        ControllerLock.giveSign(at: session.location)
    }

    private func tell(_ kind: String, _ sentence: String) {
        session.context.standardError.writeLine("\(kind): \(TerminalText.message(sentence))")
        session.context.standardError.flush()
    }
}
