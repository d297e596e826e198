// Thin shims over what Swift cannot call or read well itself. Each header is one topic; none keeps state.
#pragma once
#include "child.h"
#include "command.h"
#include "crc32c.h"
#include "descriptor.h"
#include "execguard.h"
#include "files.h"
#include "localsocket.h"
#include "memory.h"
#include "netlink.h"
#include "process.h"
#include "tracing.h"
#if __has_include("system.h")
#include "system.h"
#endif
