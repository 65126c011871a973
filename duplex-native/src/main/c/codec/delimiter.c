/* SPDX-License-Identifier: Apache-2.0 */
#include "codec.h"

const struct dx_codec_ops dx__codec_delimiter = {.size = sizeof(struct dx_codec_ops)};
