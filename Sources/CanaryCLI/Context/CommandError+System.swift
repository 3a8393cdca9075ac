// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import Glibc

extension CommandError {
    /// What the system refused: what could not be done, why, and what helps against that.
    init(_ failure: String, because error: SystemCallError) {
        self.init("\(failure): \(error.reason)", hint: error.remedy)
    }
}

extension SystemCallError {
    var remedy: String {
        switch number {
        case EACCES, EPERM: "run it as a user who may: ls -l tells whose it is"
        case ENOENT: "check the path"
        case ENOTDIR, ELOOP, ENAMETOOLONG: "check the path, and the links in it"
        case EISDIR: "name a file in it"
        case ENOSPC, EDQUOT: "free some space and try again"
        case EFBIG: "raise the limit of file sizes: ulimit -f unlimited"
        case EMFILE, ENFILE: "raise the limit of open files: ulimit -n 4096"
        case EAGAIN, ENOMEM: "end other programs, or raise the limits of processes and memory: ulimit -a"
        case EROFS: "choose a place that can be written"
        case EADDRINUSE: "choose another port"
        default: "man 3 errno tells more of \"\(reason)\""
        }
    }
}
