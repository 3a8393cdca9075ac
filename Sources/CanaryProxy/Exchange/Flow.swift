// SPDX-License-Identifier: Apache-2.0

// Who may be read now: one rule for clients and upstreams, by what is known of both sides.
//
// An edge comes once, so a side that stopped being read, for whatever reason, has to be read again when the reason is gone.
// Nobody who lifts a reason has to think of it: whatever happened to a connection or an exchange, the worker asks these rules
// afterwards of all that take part (`Worker.settle`).

extension DownstreamPointer {
    /// Whether what the client sends is of use now.
    var wantsInput: Bool {
        guard !pointee.hasEnded else { return false }
        return switch pointee.phase {
        case .head: pointee.outbox.isEmpty
        case .exchange: pointee.exchange?.takesBody ?? false
        case .tunnel: pointee.exchange?.takesBytes ?? false
        // What the client takes does not keep its own requests waiting, nor answers to pings from being bounded.
        case .multiplexed: pointee.outbox.count < Scratch.size
        case .lingering: true
        case .opening, .closed: false
        }
    }

    /// Whether what was received and not used is of use now.
    var hasUsableInput: Bool {
        if pointee.inbox.isEmpty {
            return pointee.codec.hasEndedInput && pointee.phase == .exchange && wantsInput
        }
        return !pointee.needsMore && wantsInput
    }

    /// Whether there is something to be done without an event.
    var canGoOn: Bool { pointee.canRead && wantsInput || hasUsableInput }

    /// Between two requests, with everything said on both sides.
    var isResting: Bool {
        pointee.phase == .head && pointee.inbox.isEmpty && pointee.outbox.isEmpty && !pointee.isAwaited
    }
}

extension ExchangePointer {
    /// Whether more of the request's body can be passed on, or thrown away.
    var takesBody: Bool {
        guard !pointee.body.isComplete, pointee.stage >= .sent, let upstream = pointee.upstream else {
            return false
        }
        return !upstream.pointee.takesBody || upstream.pointee.outbox.isEmpty
    }

    /// Whether the other side of a tunnel stands, and nothing waits to be sent there.
    var takesBytes: Bool {
        guard pointee.stage == .switched, let upstream = pointee.upstream else { return false }
        return upstream.pointee.outbox.isEmpty
    }

    /// Whether nothing waits to be sent of the answer.
    var takesAnswer: Bool { pointee.downstream?.pointee.outbox.isEmpty ?? true }
}

extension UpstreamPointer {
    /// Whether what the upstream sends can be passed on now.
    var wantsInput: Bool {
        if pointee.phase == .multiplexed { return pointee.outbox.count < Scratch.size }
        guard let exchange = pointee.exchange else { return false }
        return switch pointee.phase {
        case .active: exchange.takesAnswer
        case .tunnel: exchange.takesAnswer && !pointee.hasEnded
        case .connecting, .idle, .multiplexed, .closed: false
        }
    }

    var canGoOn: Bool { pointee.canRead && wantsInput }
}
