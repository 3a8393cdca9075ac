// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CLinux
import Glibc

/// The exclusive right to change a database file, held from `init` until the value goes away.
///
/// It is a `flock` on a file beside the database, so the kernel gives it back however the holder ends. The file holds
/// the process id of the last holder, for the message that somebody who waits in vain gets.
struct StoreLock: ~Copyable {
    private let descriptor: Int32

    /// Waits for the lock; throws `.busy` when the time is up.
    init(path: String, guarding database: String, timeoutMilliseconds: Int64) throws(StoreError) {
        let deadline = Clock.monotonicMilliseconds() + timeoutMilliseconds
        var pause = 500
        guard StoreLocation.isFileOrMissing(path) else { throw .foreignFile(path) }
        while true {
            let descriptor = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 else { throw .system("change", database, errno: errno) }
            if try Self.tryLock(descriptor, path: path) {
                self.descriptor = descriptor
                writeOwner()
                return
            }
            let holder = Self.owner(descriptor)
            close(descriptor)
            guard Clock.monotonicMilliseconds() < deadline else {
                throw .busy(database, holder: holder)
            }
            usleep(UInt32(pause + Int.random(in: 0..<pause)))
            pause = min(pause * 2, 8000)
        }
    }

    deinit {
        close(descriptor)
    }

    /// Whether the path still leads to the file that is locked: if not, others can lock the one that it leads to.
    func isHeld(at path: String) -> Bool { FileIdentity(descriptor: descriptor) == FileIdentity(path: path) }

    /// Whether the lock is now held on the file that the path still leads to. A file that somebody deleted meanwhile
    /// would keep nobody out.
    private static func tryLock(_ descriptor: Int32, path: String) throws(StoreError) -> Bool {
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let number = errno
            if number == EWOULDBLOCK || number == EINTR { return false }
            close(descriptor)
            throw .system("lock", path, errno: number)
        }
        return FileIdentity(descriptor: descriptor) == FileIdentity(path: path)
    }

    /// On a full disk the lock stays anonymous, which only makes a message poorer.
    private func writeOwner() {
        var text = Array("\(getpid())\n".utf8)
        ftruncate(descriptor, 0)
        _ = unsafe pwrite(descriptor, &text, text.count, 0)
    }

    /// The process that holds a lock now, as its file tells; `nil` where nobody does. Looking does not keep others who look out.
    static func holder(path: String) -> String? {
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) == 0 ? nil : owner(descriptor) ?? "?"
    }

    private static func owner(_ descriptor: Int32) -> String? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = unsafe pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: bytes[..<count].prefix { $0 != 0x0a }, as: UTF8.self)).map(String.init)
    }
}
