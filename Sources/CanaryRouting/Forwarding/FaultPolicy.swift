// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// The faults that a route injects: a delay first, then, drawn independently, an answer in place of forwarding. They come after
/// CORS and before everything else; a delay does not count against the route's timeout (Envoy's fault filter).
package struct FaultPolicy: BitwiseCopyable, Sendable {
    package struct Abort: BitwiseCopyable, Sendable, Equatable {
        /// 200 where ``grpcStatus`` is given.
        package var status: Int32
        /// -1 for none. Only gRPC requests see it; to others the answer is ``status`` with ``FaultPolicy/body``.
        package var grpcStatus: Int32
    }

    private var delayMilliseconds: Int32 = 0
    private var delayChance = Chance.never
    private var abort = Abort(status: 0, grpcStatus: -1)
    private var abortChance = Chance.never

    package static var none: FaultPolicy { FaultPolicy() }

    /// The body of an aborted request, of type text/plain; its flag is FI, that of a delayed one DI.
    package static var body: StaticString { "fault filter abort" }

    private init() {}

    /// What Istio makes of a route's `fault`; what it leaves out, happens never.
    init(_ fault: HTTPFault?) {
        if let delay = fault?.delay {
            delayMilliseconds = Int32(clamping: delay.duration.milliseconds)
            delayChance = delayMilliseconds > 0 ? Chance(delay.percentage) : .never
        }
        switch fault?.abort?.status {
        case nil: break
        case .http(let status): abort.status = Int32(clamping: status)
        case .grpc(let name):
            guard let number = GRPCStatus.number(name) else { return }
            abort = Abort(status: 200, grpcStatus: number)
        }
        abortChance = fault?.abort.map { Chance($0.percentage) } ?? .never
    }

    /// Whether requests of the route may meet a fault at all.
    var isNone: Bool { delayChance == .never && abortChance == .never }

    /// How long a request is held back, in milliseconds; 0 for not at all. `random` must be uniform over all 64-bit values.
    package func delay(random: UInt64) -> Int32 { delayChance.happens(random) ? delayMilliseconds : 0 }

    /// The answer that a request gets instead of being forwarded; `nil` for none. To be drawn after the delay is over, with a
    /// random number of its own.
    package func abort(random: UInt64) -> Abort? { abortChance.happens(random) ? abort : nil }
}

extension RouteHandle {
    /// Whether CORS, faults or mirrors may concern requests of the route; where not, none of them needs to be asked.
    package var intervenes: Bool { record.pointee.interventions != nil }

    package var fault: FaultPolicy { record.pointee.interventions?.pointee.fault ?? .none }
}
