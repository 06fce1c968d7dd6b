// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/attributes.h>

#ifdef gnuradio_xband_EXPORTS
#define XBAND_API __GR_ATTR_EXPORT
#else
#define XBAND_API __GR_ATTR_IMPORT
#endif
