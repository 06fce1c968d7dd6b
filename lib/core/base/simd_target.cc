// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/soft_bit.h" // replaced by the dispatch switch
