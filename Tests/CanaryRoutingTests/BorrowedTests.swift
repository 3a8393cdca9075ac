// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CanaryMesh
@testable import CanaryRouting

struct BorrowedTests {
    @Test func `a list gives what was stored, and where each of it is`() {
        let arena = RoutingArena()
        let list = arena.store([4, 5, 6])
        #expect(Array(list) == [4, 5, 6])
        #expect(list.pointer(2).pointee == 6)
        #expect(arena.store([Int]()).isEmpty && BorrowedList<Int>().isEmpty)
        withExtendedLifetime(arena) {}
    }

    #if DEBUG
        @Test func `who uses a record of a table that is gone is stopped`() async {
            await #expect(processExitsWith: .failure) {
                let record: Borrowed<Int>
                do { record = RoutingArena().store(7) }
                print(record.pointee)
            }
        }

        @Test func `who reaches beyond a list is stopped`() async {
            await #expect(processExitsWith: .failure) {
                let arena = RoutingArena()
                let list = arena.store([1])
                print(list[1])
            }
        }
    #endif
}
