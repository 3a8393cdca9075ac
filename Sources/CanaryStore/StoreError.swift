// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CSQLite
import Glibc

/// Why the store could not do what was asked. Nothing is half done when one is thrown: the last committed revision
/// stands.
package struct StoreError: Error, Hashable {
    package enum Code: Sendable {
        /// There is no store at this place.
        case absent
        /// Somebody else is changing the store. Trying again is safe and the only thing to do (exit status 75).
        case busy
        /// The disk, the quota or the file size limit is used up.
        case full
        /// The file system or the file may only be read.
        case readOnly
        /// The file permissions say no, or the directory is somebody else's.
        case permission
        /// The file is damaged.
        case corrupt
        /// Something else is at this place: a file, a database of another program.
        case foreign
        /// A newer canaryctl wrote this store.
        case newerSchema
        /// The directory or its database was deleted or replaced while it was open.
        case replaced
        /// The system call failed for another reason.
        case system
    }

    package var code: Code
    /// What could not be done, colon, why: lower case, no final stop.
    package var message: String
    /// An action that works, one line.
    package var hint: String?

    /// Whether the same command may simply be run again.
    package var isTransient: Bool { code == .busy }

    init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }
}

extension StoreError: CustomStringConvertible {
    package var description: String { message }
}

// MARK: - Wordings

extension StoreError {
    private static let systemHint =
        "ulimit -a shows the limits, and dmesg what the disk says; nothing was changed"
    private static let anotherPlace = "choose another place with --store or $CANARYCTL_STORE"

    static func absent(_ directory: String) -> StoreError {
        StoreError(
            .absent,
            "cannot open the cluster store at \(directory): there is none",
            hint: "make one with \"canaryctl create -f FILE\", or \(anotherPlace)"
        )
    }

    static func busy(_ path: String, holder: String?) -> StoreError {
        let owner = holder.map { "process \($0)" } ?? "another process"
        return StoreError(.busy, "cannot change \(path): \(owner) is changing it", hint: "try again")
    }

    static func notADirectory(_ directory: String) -> StoreError {
        StoreError(
            .foreign,
            "cannot open the cluster store at \(directory): it is not a directory",
            hint: anotherPlace
        )
    }

    static func tooLong(_ directory: String) -> StoreError {
        StoreError(
            .foreign,
            "cannot open the cluster store at \(directory): the path is too long, it may have 480 bytes",
            hint: anotherPlace
        )
    }

    /// A copy without the index that SQLite makes beside a database, at a place where it cannot be made.
    static func noIndex(_ path: String) -> StoreError {
        StoreError(
            .readOnly,
            "cannot read \(path): \(path)-shm is missing and cannot be made there",
            hint: "copy the directory to a place that can be written, and name that with --store"
        )
    }

    static func foreignFile(_ path: String) -> StoreError {
        StoreError(
            .foreign,
            "cannot open \(path): it belongs to another program",
            hint: anotherPlace
        )
    }

    static func foreignOwner(_ directory: String, owner: String, user: String) -> StoreError {
        StoreError(
            .permission,
            "cannot open the cluster store at \(directory): the directory belongs to \(owner), and this is \(user)",
            hint: "run canaryctl as \(owner), or \(anotherPlace)"
        )
    }

    static func newerSchema(_ path: String, found: Int64, known: Int64) -> StoreError {
        StoreError(
            .newerSchema,
            "cannot open \(path): a newer canaryctl wrote it (its format is \(found), this one knows \(known))",
            hint: "use that canaryctl, or \(anotherPlace)"
        )
    }

    static func replaced(_ path: String) -> StoreError {
        StoreError(
            .replaced,
            "cannot change \(path): it was deleted or replaced meanwhile",
            hint: "try again"
        )
    }

    static func corrupt(_ path: String, _ reason: String) -> StoreError {
        StoreError(
            .corrupt,
            "cannot read \(path): it is damaged (\(reason))",
            hint: "bring back a copy of it, or move its directory away and apply the manifests again"
        )
    }

    /// The error for a system call that failed with `errno`.
    static func system(_ action: String, _ path: String, errno number: Int32) -> StoreError {
        let text = "cannot \(action) \(path): \(reason(number))"
        return switch number {
        case EACCES, EPERM: StoreError(.permission, text, hint: anotherPlace)
        case EROFS: StoreError(.readOnly, text, hint: anotherPlace)
        case ENOSPC, EDQUOT, EFBIG:
            StoreError(.full, text, hint: "free some space and try again; nothing was changed")
        case ENOTDIR, EISDIR, ELOOP, ENAMETOOLONG: StoreError(.foreign, text, hint: anotherPlace)
        default: StoreError(.system, text, hint: systemHint)
        }
    }

    init(_ error: SQLiteError, _ action: String, _ path: String) {
        switch error.code {
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL:
            self = .busy(path, holder: nil)
        case SQLITE_FULL:
            self = .system(action, path, errno: ENOSPC)
        case SQLITE_READONLY:
            self = .system(action, path, errno: error.systemError == EROFS ? EROFS : EACCES)
        case SQLITE_CANTOPEN, SQLITE_IOERR, SQLITE_PERM, SQLITE_AUTH:
            if error.systemError == 0, FileIdentity.isAtSizeLimit(path) {
                self = .system(action, path, errno: EFBIG)
                return
            }
            self =
                error.systemError == 0
                ? StoreError(.system, "cannot \(action) \(path): \(error.message)", hint: Self.systemHint)
                : .system(action, path, errno: error.systemError)
        case SQLITE_NOMEM, SQLITE_TOOBIG:
            self = StoreError(.system, "cannot \(action) \(path): \(error.message)")
        default:
            // SQLITE_CORRUPT and SQLITE_NOTADB; also a missing table, a broken constraint or a value of the wrong
            // type, none of which can come about in a file that only canaryctl wrote.
            self = .corrupt(path, error.message)
        }
    }

    private static func reason(_ number: Int32) -> String {
        switch number {
        case EACCES, EPERM: "permission denied"
        case EROFS: "the file system is read-only"
        case ENOSPC: "the disk is full"
        case EDQUOT: "the disk quota is used up"
        case EFBIG: "the file size limit is reached"
        case ENOTDIR: "a part of the path is not a directory"
        case ENOENT: "there is no such directory"
        case EMFILE, ENFILE: "too many open files"
        default: SystemCallError(number).reason
        }
    }
}
