// SPDX-License-Identifier: Apache-2.0

/// What a route does with a request.
package enum RouteAction: UInt8, BitwiseCopyable, Sendable {
    case forward
    case redirect
    case directResponse
}
