// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Memory that processes have in common by way of a file, all zeros for whoever has it first. It lasts as long as any of them has it:
/// who is killed gives it back, too, and a file that is left behind means nothing.
///
/// Each holds a lock on the file that others share; who can have it alone knows that nobody else has the memory.
///
/// `@safe`: the memory stays mapped as long as the object.
@safe package final class SharedMemory: Sendable {
    /// Another process needs no longer than that to make the file.
    private static let patienceMilliseconds: Int64 = 100

    package let size: Int
    private let path: String
    private let descriptor: Int32
    private let place: UInt

    /// - Throws: what keeps the file from being made, or from being shared.
    package init(path: String, size: Int) throws(SystemCallError) {
        let deadline = Clock.monotonicMilliseconds() + Self.patienceMilliseconds
        var opened: Int32?
        while opened == nil {
            opened = try Self.open(path, size)
            guard opened == nil else { break }
            guard Clock.monotonicMilliseconds() < deadline else { throw SystemCallError(EWOULDBLOCK) }
            usleep(200)
        }
        let descriptor = opened ?? -1
        let mapped = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard unsafe mapped != MAP_FAILED, let mapped = unsafe mapped else {
            let error = SystemCallError(errno)
            close(descriptor)
            throw error
        }
        (self.path, self.size, self.descriptor) = (path, size, descriptor)
        place = UInt(bitPattern: mapped)
    }

    deinit {
        unsafe munmap(UnsafeMutableRawPointer(bitPattern: place), size)
        leave()
        close(descriptor)
    }

    /// `@unsafe`: valid as long as the object.
    @unsafe package var bytes: UnsafeMutableRawPointer? { unsafe UnsafeMutableRawPointer(bitPattern: place) }

    /// Takes the file away if nobody else has it: for who is about to end.
    package func leave() { Self.remove(path, descriptor) }

    /// Takes a file away that nobody has.
    package static func removeUnused(path: String) {
        let descriptor = unsafe Glibc.open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return }
        remove(path, descriptor)
        close(descriptor)
    }

    private static func remove(_ path: String, _ descriptor: Int32) {
        guard lock(descriptor, F_WRLCK), isAt(path, descriptor) else { return }
        unsafe unlink(path)
    }

    /// The file with a lock that is shared; `nil` where somebody else is about to make it or to take it away.
    private static func open(_ path: String, _ size: Int) throws(SystemCallError) -> Int32? {
        let descriptor = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw SystemCallError(errno) }
        do throws(SystemCallError) {
            if try share(path, descriptor, size) { return descriptor }
        } catch {
            close(descriptor)
            throw error
        }
        close(descriptor)
        return nil
    }

    private static func share(_ path: String, _ descriptor: Int32, _ size: Int) throws(SystemCallError)
        -> Bool
    {
        if lock(descriptor, F_WRLCK), isAt(path, descriptor) {
            guard ftruncate(descriptor, 0) == 0 else { throw SystemCallError(errno) }
            // Memory that the disk has no room for would end who writes to it.
            let failure = posix_fallocate(descriptor, 0, off_t(size))
            guard failure == 0 else { throw SystemCallError(failure) }
        }
        guard lock(descriptor, F_RDLCK) else { return false }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw SystemCallError(errno) }
        return status.st_size == size && isAt(path, descriptor)
    }

    private static func lock(_ descriptor: Int32, _ type: Int32) -> Bool {
        canary_lock_description(descriptor, Int16(type)) == 0
    }

    private static func isAt(_ path: String, _ descriptor: Int32) -> Bool {
        var (own, present) = (stat(), stat())
        return unsafe fstat(descriptor, &own) == 0 && stat(path, &present) == 0
            && own.st_ino == present.st_ino && own.st_dev == present.st_dev
    }
}
