// What Swift's Glibc module does not export: epoll, inotify, accept4 and a few macros that are not plain integers.
#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <unistd.h>

// Declared here because <sys/socket.h> has it under _GNU_SOURCE only, which would give fd_set other members than it has
// in Swift's Glibc module.
extern int accept4(int listener, struct sockaddr *address, socklen_t *length, int flags);

static inline int canary_accept4(int listener, struct sockaddr *address, socklen_t *length, int flags)
{
    return accept4(listener, address, length, flags);
}
