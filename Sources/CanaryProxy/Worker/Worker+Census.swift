// SPDX-License-Identifier: Apache-2.0

import CLinux
import COpenSSL
import CanaryMesh

/// What a worker tells of its connections to clients when somebody asks.
extension Worker {
    mutating func answerCensus() {
        guard let (round, most) = shared.census.question(for: index) else { return }
        var records: [ConnectionRecord] = []
        records.reserveCapacity(min(most, clients.count))
        var next = clients.open.first
        while let client = next, records.count < most {
            records.append(record(of: client))
            next = clients.open.next(after: client)
        }
        shared.census.answer(round, records, of: clients.count, worker: index)
    }

    private func record(of client: DownstreamPointer) -> ConnectionRecord {
        ConnectionRecord(
            worker: index,
            peer: client.pointee.peer,
            listener: client.pointee.listener,
            ageMilliseconds: loop.now &- client.pointee.openedAt,
            language: client.language,
            state: client.state,
            security: client.pointee.transport.tls.flatMap(\.security),
            requests: client.pointee.requests,
            streams: client.pointee.session?.pointee.intake.pointee.streams.count ?? 0,
            traffic: client.traffic
        )
    }
}

extension DownstreamPointer {
    fileprivate var language: ConnectionRecord.Language {
        if pointee.session != nil { return .http2 }
        if pointee.phase == .opening { return .unknown }
        return pointee.exchange?.pointee.isConnection == true ? .tcp : .http1
    }

    fileprivate var state: ConnectionRecord.State {
        switch pointee.phase {
        case .opening: return .handshake
        case .head: return pointee.hasReceivedHeadBytes ? .active : .idle
        case .exchange: return .active
        case .tunnel: return pointee.exchange?.pointee.isConnection == true ? .active : .switched
        case .multiplexed:
            let streams = pointee.session?.pointee.intake.pointee.streams.count ?? 0
            return streams > 0 ? .active : .idle
        case .lingering, .closed: return .closing
        }
    }

    fileprivate var traffic: ConnectionRecord.Traffic? {
        var (received, sent): (UInt64, UInt64) = (0, 0)
        guard unsafe canary_tcp_bytes(pointee.transport.descriptor, &received, &sent) == 0 else { return nil }
        return ConnectionRecord.Traffic(received: received, sent: sent)
    }
}

extension TLSPointer {
    /// What was agreed on; `nil` before that.
    fileprivate var security: ConnectionRecord.Security? {
        guard pointee.isEstablished else { return nil }
        return ConnectionRecord.Security(
            version: unsafe pointee.withSession { unsafe SSL_version($0) },
            agreedProtocol: pointee.agreedProtocol.text,
            isResumed: pointee.isResumed
        )
    }
}
