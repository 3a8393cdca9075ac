// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// What a route has happen to requests besides what it does with them, in Envoy's order: preflights of other origins are
/// answered, then a fault may hold the request back, then one may be its answer.
extension Worker {
    /// `true` when nothing stands between the request and what its route does. Otherwise it has its answer, or is held back.
    mutating func intervene(_ exchange: ExchangePointer, _ route: RouteHandle) -> Bool {
        switch route.crossOrigin(for: exchange.pointee.request.facts).action {
        case .none, .decorate: break
        case .answerPreflight, .ignorePreflight:
            count(exchange, route.counter)
            reply(exchange, .preflight)
            return false
        }
        let delay = route.fault.delay(random: random.next())
        guard delay > 0 else { return !abort(exchange, route) }
        exchange.pointee.hold(Int64(delay), loop.now, limits)
        rearm(exchange)
        return false
    }

    /// Goes on with a request that was held back.
    mutating func letGo(_ exchange: ExchangePointer) {
        guard let route = exchange.pointee.route else { return }
        exchange.pointee.letGo(loop.now, limits)
        rearm(exchange)
        if !abort(exchange, route), act(exchange, route) { attemptAgain(exchange) }
    }

    /// Answers the request by a fault, if one is drawn for it.
    private mutating func abort(_ exchange: ExchangePointer, _ route: RouteHandle) -> Bool {
        guard let fault = route.fault.abort(random: random.next()) else { return false }
        var answer = LocalAnswer(fault.status, .faultInjected, FaultPolicy.body)
        if exchange.pointee.request.isGRPC { answer.grpcStatus = fault.grpcStatus }
        count(exchange, route.counter)
        // The changes of answers are those of the destination that the request would have had, as in Envoy.
        let facts = exchange.pointee.request.facts
        if route.action == .forward {
            exchange.pointee.destination = route.destination(for: facts, random: random.next())
        }
        reply(exchange, answer)
        return true
    }
}
