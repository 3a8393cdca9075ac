// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CanaryProxy

/// Who may be read, by what is known of both sides.
struct FlowTests {
    private let upload = "POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 5\r\n\r\n"

    @Test func `a client between requests is read unless its last answer waits to be sent`() {
        let scene = ExchangeScene()
        scene.client.pointee.exchange = nil
        scene.client.pointee.phase = .head
        #expect(scene.client.wantsInput && scene.client.isResting)
        scene.fill(&scene.client.pointee.outbox)
        #expect(!scene.client.wantsInput && !scene.client.isResting)
        scene.client.pointee.phase = .lingering
        #expect(scene.client.wantsInput)
        scene.client.pointee.hasEnded = true
        #expect(!scene.client.wantsInput)
    }

    @Test
    func `an upload is read while the upstream takes it, and thrown away where it does not listen`() {
        let scene = ExchangeScene(upload)
        #expect(!scene.client.wantsInput)
        scene.connect(.connecting)
        #expect(!scene.client.wantsInput)
        for stage in [Exchange.Stage.sent, .answering] {
            scene.connect(stage)
            #expect(scene.client.wantsInput)
        }
        scene.fill(&scene.upstream.pointee.outbox)
        #expect(!scene.client.wantsInput)
        scene.upstream.pointee.takesBody = false
        #expect(scene.client.wantsInput)
        scene.exchange.pointee.body.isComplete = true
        #expect(!scene.client.wantsInput)
    }

    @Test func `what was received is used as soon as it is of use, and not before more has come`() {
        let scene = ExchangeScene(upload)
        scene.client.pointee.canRead = false
        scene.fill(&scene.client.pointee.inbox)
        #expect(!scene.client.canGoOn)
        scene.connect()
        #expect(scene.client.canGoOn)
        scene.client.pointee.needsMore = true
        #expect(!scene.client.canGoOn)
        scene.client.pointee.canRead = true
        #expect(scene.client.canGoOn)
    }

    @Test func `an upstream is read while the client takes what it sends`() {
        let scene = ExchangeScene()
        #expect(!scene.upstream.wantsInput)
        scene.connect()
        #expect(scene.upstream.canGoOn)
        scene.fill(&scene.client.pointee.outbox)
        #expect(!scene.upstream.wantsInput)
        scene.client.pointee.outbox.release()
        for phase in [Upstream.Phase.connecting, .idle, .closed] {
            scene.upstream.pointee.phase = phase
            #expect(!scene.upstream.wantsInput)
        }
        scene.upstream.pointee.phase = .tunnel
        #expect(scene.upstream.wantsInput)
        scene.upstream.pointee.hasEnded = true
        #expect(!scene.upstream.wantsInput)
    }

    @Test func `an answer that nobody waits for is always taken`() {
        let scene = ExchangeScene(hasClient: false)
        scene.connect()
        #expect(scene.upstream.wantsInput)
        scene.fill(&scene.client.pointee.outbox)
        #expect(scene.upstream.wantsInput)
    }

    @Test func `switched sides are read while the other takes it`() {
        let scene = ExchangeScene()
        scene.connect(.switched)
        scene.client.pointee.phase = .tunnel
        scene.upstream.pointee.phase = .tunnel
        #expect(scene.client.wantsInput && scene.upstream.wantsInput)
        scene.fill(&scene.upstream.pointee.outbox)
        #expect(!scene.client.wantsInput && scene.upstream.wantsInput)
        scene.fill(&scene.client.pointee.outbox)
        #expect(!scene.upstream.wantsInput)
    }
}
