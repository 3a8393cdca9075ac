// Header-only: this file makes SwiftPM build the module.
#include "include/CLinux.h"
