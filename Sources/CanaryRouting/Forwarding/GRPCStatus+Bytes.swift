// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh
package import CanaryResources

extension GRPCStatus {
    /// Whether a content type is gRPC's: `application/grpc`, alone or with an encoding behind a plus sign. gRPC-Web is not.
    package static func isGRPC(contentType: ByteSlice) -> Bool {
        let prefix = ByteSlice("application/grpc")
        guard contentType.hasPrefix(prefix) else { return false }
        return contentType.count == prefix.count || contentType[prefix.count] == UInt8(ascii: "+")
    }

    /// What `grpc-status` says in the lines of trailers; -1 where they have none. A number that is none of gRPC's is UNKNOWN.
    package static func number(inTrailers lines: ByteSlice) -> Int32 {
        var start = 0
        while let end = lines.firstIndex(of: UInt8(ascii: "\n"), from: start) {
            let line = lines.slice(start, end)
            start = end &+ 1
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")),
                line.slice(0, colon).equalsIgnoringCase(ByteSlice("grpc-status"))
            else { continue }
            return number(line.from(colon &+ 1))
        }
        return -1
    }

    private static func number(_ value: ByteSlice) -> Int32 {
        var number: Int32?
        for byte in value where byte > UInt8(ascii: " ") {
            guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte, number ?? 0 < 100 else { return unknown }
            number = (number ?? 0) * 10 + Int32(byte - UInt8(ascii: "0"))
        }
        return number.map(known) ?? unknown
    }
}
