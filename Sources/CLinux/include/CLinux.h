// What Swift's Glibc module does not export: epoll, inotify, accept4 and a few macros that are not plain integers.
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

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

static inline int canary_accept4(int listener, struct sockaddr *address, socklen_t *length, int flags)
{
    return accept4(listener, address, length, flags);
}
