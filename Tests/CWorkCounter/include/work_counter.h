// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdint.h>

/// How often this thread took a reference or made an object since it began; 0 where Swift's runtime can't be watched.
uint64_t work_counter_value(void);
