# SPDX-License-Identifier: Apache-2.0
#
# make demo    install what is missing, build, and run a canary with real traffic, and replicas that follow it
# make test    install what is missing, and run all tests
# make check   everything that continuous integration runs
# make build   .build/release/canaryctl
# make bench   benchmarks, against peers where they are installed
# make fuzz    each fuzz target for FUZZ_SECONDS
# make install PREFIX=/usr/local DESTDIR=

SHELL = /bin/sh
SWIFT ?= swift
PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 60

# pkg-config and python3 are for building and for the examples; the rest is what canaryctl is made of.
PACKAGES = libyaml-dev libsqlite3-dev libre2-dev libnghttp2-dev libssl-dev pkg-config python3 curl
LIBRARIES = yaml sqlite3 re2 nghttp2 ssl crypto

# The release links the Swift runtime and the C libraries statically: it starts faster and runs anywhere. The linker
# takes a library from the first directory that has it. This one has nothing but the .a files, and comes first because
# the package descriptions beside them name it.
STATIC = .build/static-libraries
# What a proxy at work passes through lies side by side, as Tests/Benchmarks/hot-functions found: a third of its memory is code.
SIDE_BY_SIDE = -Xswiftc -Xfrontend -Xswiftc -function-sections -Xswiftc -use-ld=lld \
  -Xlinker --symbol-ordering-file=$(CURDIR)/Sources/hot-functions.txt -Xlinker --no-warn-symbol-ordering
# Symbols stay for backtraces; what a debugger needs would be a third of the file. Nobody loads it as a library: a table of what it
# exports would be a megabyte. Functions of equal code are one (--icf=all): nothing compares their addresses.
RELEASE = -c release --static-swift-stdlib $(SIDE_BY_SIDE) -Xlinker --strip-debug -Xlinker --no-export-dynamic -Xlinker --icf=all
BINARY = .build/release/canaryctl

.PHONY: deps build demo test check bench fuzz install clean

deps:
	@missing=""; for package in $(PACKAGES); do \
	  dpkg -s $$package >/dev/null 2>&1 || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
	  sudo=""; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	  echo "installing:$$missing"; \
	  $$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing; \
	fi

build: deps
	@mkdir -p $(STATIC)
	@for library in $(LIBRARIES); do \
	  ln -sf "$$(pkg-config --variable=libdir sqlite3)/lib$$library.a" $(STATIC)/; \
	done
	@for module in yaml-0.1:yaml sqlite3:sqlite3 libnghttp2:nghttp2 libssl:ssl; do \
	  printf 'Name: %s\nDescription: static\nVersion: 0\nLibs: -L%s -l%s\n' \
	    "$${module%:*}" "$(CURDIR)/$(STATIC)" "$${module#*:}" >"$(STATIC)/$${module%:*}.pc"; \
	done
	PKG_CONFIG_PATH=$(CURDIR)/$(STATIC) $(SWIFT) build $(RELEASE) --product canaryctl

demo: PACKAGES += nghttp2-client
demo: build
	examples/helloworld/demo $(BINARY)
	examples/autoscaling/demo $(BINARY)

test: deps
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build

check:
	.ci/run

bench: build
	Tests/Benchmarks/run $(BINARY)

fuzz: deps
	Tests/Fuzzing/run $(FUZZ_SECONDS)

# Builds only what is not there, so that `make build && sudo make install` needs no Swift as root.
install:
	@[ -x $(BINARY) ] || $(MAKE) build
	install -D -m 755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/canaryctl
	for page in man/*.[1-9]; do \
	  install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/} || exit 1; \
	done
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -d $(DESTDIR)$(PREFIX)/share/zsh/site-functions
	install -d $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	$(BINARY) completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/canaryctl
	$(BINARY) completion zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_canaryctl
	$(BINARY) completion fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/canaryctl.fish

clean:
	rm -rf .build .build-*
