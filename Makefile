# SPDX-License-Identifier: Apache-2.0
# One Makefile, no recursion.  `make help` lists the targets.

ifeq ($(origin CC),default)
CC      := gcc
endif
VARIANT ?= release
B       := build/$(VARIANT)
PREFIX  ?= /usr/local
# make V=1 shows the commands.
Q       := $(if $(V),,@)
say      = $(if $(V),,@printf '  %-5s %s\n' $(1) $@)

LIBS    := libarchive libgit2 libcrypto yaml-0.1 jansson
CFLAGS  ?= -O2 -g
override CFLAGS += -std=gnu17 -I. -MMD -MP -D_FILE_OFFSET_BITS=64 -D_GNU_SOURCE \
	-Wall -Wextra -Wpedantic -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes \
	-Wwrite-strings -Wpointer-arith -Wundef -Wformat=2 -Wno-format-truncation \
	-fno-common
HARDEN  := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fPIE \
	-fcf-protection
ifeq ($(VARIANT),asan)
override CFLAGS += -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
override LDFLAGS += -fsanitize=address,undefined
else
override CFLAGS += $(HARDEN)
override LDFLAGS += -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack
endif
ifeq ($(findstring clang,$(CC)),clang)
override CFLAGS += -Wno-unknown-warning-option
endif
ifneq ($(DEVELOPER),)
override CFLAGS += -Werror
endif
override CFLAGS += $(shell pkg-config --cflags $(LIBS) 2>/dev/null)
LDLIBS  := $(shell pkg-config --libs $(LIBS) 2>/dev/null) -ldeflate -lm

SRC     := $(wildcard base/*.c release/*.c upgrade/*.c upgrade/*/*.c k8s/*.c docker/*.c cmd/*.c)
OBJ     := $(SRC:%.c=$(B)/%.o)
LIB_OBJ := $(filter-out $(B)/cmd/main.o,$(OBJ))
UNIT    := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/*.c))
FUZZ    := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

.PHONY: all deps test unit check asan fuzz bench install demo help clean format layers docs
all: build/relevo

build/relevo: $(B)/relevo
	@ln -sfn $(VARIANT)/relevo $@

$(B)/relevo: $(OBJ)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(OBJ) $(LDLIBS)

$(B)/librelevo.a: $(LIB_OBJ)
	@rm -f $@
	@$(AR) rcs $@ $(LIB_OBJ)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<

# Objects that carry files inside (base/embed.h) are made again when those change.
$(B)/release/template.o: $(wildcard release/template/*)
$(B)/upgrade/node/scripts.o: $(wildcard upgrade/node/*.erl)

$(B)/tests/unit/%: tests/unit/%.c $(B)/librelevo.a
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(B)/librelevo.a -lcmocka $(LDLIBS)

$(B)/tests/live/load: tests/live/load.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $<

-include $(OBJ:.o=.d)
