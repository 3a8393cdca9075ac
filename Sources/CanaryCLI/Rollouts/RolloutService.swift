// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryRollout
import CanaryStore
import CanarySystem

/// The controller of a store, as long as it lives.
struct RolloutService {
    private let session: ClusterSession
    private let lock: ControllerLock
    private var world: StoreRolloutWorld?
    private var controller = RolloutController()
    private let only: Int64?
    /// Whether it says what the rollouts do; otherwise somebody else does.
    private let isTelling: Bool
    private var told = ""
    /// How often it says that it is there.
    private static let signMilliseconds: Int64 = 1000
    private var signedAt: Int64 = 0

    /// `nil` where another process is the controller.
    ///
    /// - Parameter only: the only rollout to move.
    init?(_ session: ClusterSession, only: Int64? = nil, isTelling: Bool = false) throws {
        guard let lock = try ControllerLock.acquire(at: session.location) else { return nil }
        self.session = session
        self.lock = lock
        self.only = only
        self.isTelling = isTelling
    }

    /// One look and what follows from it. A store that cannot be read or changed now is told once, and tried again by the next turn.
    mutating func turn() throws {
        do {
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
                "another controller has written a journal of this store: this one stops",
                hint: "canaryctl rollout run starts it again"
            )
        }
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
