// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting
import Glibc

/// Connections that a proxy in front passes on: before all else it says whose they are.
extension Worker {
    /// What comes first is an event, also where that is there already.
    func awaitProxyHeader(_ client: DownstreamPointer) {
        client.pointee.phase = .opening
        client.pointee.awaitsProxyHeader = true
    }

    /// Reads the header, once all of it is there; `true` where the connection goes on with TLS.
    mutating func readProxyHeader(_ client: DownstreamPointer) -> Bool {
        scratch.open()
        let descriptor = client.pointee.transport.descriptor
        let count = unsafe Socket.peek(descriptor, scratch.base, ProxyHeader.mostBytes)
        let failure = errno
        let reading = ProxyHeader.read(unsafe ByteSlice(start: scratch.base, count: max(count, 0)))
        if case .complete(let length, let addresses) = reading {
            // They are there: nobody else takes them.
            _ = unsafe Socket.receive(descriptor, scratch.base, length)
            scratch.close()
            return beginProxied(client, addresses)
        }
        scratch.close()
        if case .invalid(let objection) = reading {
            refuseProxyHeader(client, objection)
        } else if count == 0 || client.pointee.isEnding || count < 0 && failure != EAGAIN {
            refuseProxyHeader(client, .ended)
        }
        return false
    }

    /// Goes on as the listener's connections do.
    private mutating func beginProxied(_ client: DownstreamPointer, _ addresses: ProxyHeader.Addresses?)
        -> Bool
    {
        client.pointee.awaitsProxyHeader = false
        if let addresses {
            client.pointee.peer = PeerAddress(addresses.source)
            client.pointee.announced = PeerAddress(addresses.destination)
        }
        client.pointee.canRead = true
        awaitFirstRequest(client)
        begin(client)
        return client.pointee.phase == .opening
    }

    /// Lets a client go that did not begin as it had to. What it sent may be anything: it gets no answer.
    mutating func refuseProxyHeader(_ client: DownstreamPointer, _ objection: ProxyHeader.Objection) {
        counters.countRefusedProxyHeader(objection)
        if accessLog.isOn { logRefusal(client, objection) }
        closeClient(client)
    }

    private mutating func logRefusal(_ client: DownstreamPointer, _ objection: ProxyHeader.Objection) {
        unsafe withUnsafeTemporaryAllocation(byteCount: PeerAddress.mostBytes, alignment: 8) { memory in
            let source = unsafe client.pointee.peer.copy(to: memory)
            let answer = CountedAnswer(status: 0, flags: ResponseFlags(.downstreamProtocolError))
            accessLog.add(
                LogLine(
                    connectionFrom: source,
                    at: loop.wallMilliseconds,
                    answer,
                    details: objection.text
                )
            )
        }
    }
}
