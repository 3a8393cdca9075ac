// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryTestSupport
import Testing

@testable import CanaryProxy

struct ByteQueueTests {
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `it holds what an array would hold`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queue = ByteQueue()
        var model: [UInt8] = []
        for step in 0..<5000 {
            let count = Int(random.pick([0, 1, 7, 500, 70_000] as [UInt64]))
            let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: step), count: count)
            switch random.next() % 5 {
            case 0, 1:
                bytes.withSlice { queue.append($0) }
                model += bytes
            case 2:
                let room = queue.reserve(count)
                for index in 0..<count {
                    room.storeBytes(of: bytes[index], toByteOffset: index, as: UInt8.self)
                }
                queue.commit(count)
                model += bytes
            case 3:
                let taken = min(count, model.count)
                queue.consume(taken)
                model.removeFirst(taken)
            default:
                guard random.chance(10) else { continue }
                queue.release()
                model = []
            }
            #expect(queue.count == model.count && queue.isEmpty == model.isEmpty)
            guard step % 50 == 0 else { continue }
            #expect(Array(queue.bytes) == model)
        }
    }

    @Test func `an empty queue has no memory`() {
        var queue = ByteQueue()
        [1, 2, 3].withSlice { queue.append($0) }
        #expect(queue.bytes.base != nil)
        queue.consume(queue.count)
        #expect(queue.bytes.base == nil)
    }
}
