/* SPDX-License-Identifier: Apache-2.0 */
#include "counted.h"

void dx__counted_begin(struct dx__counted *counted, uint64_t total)
{
	counted->total = counted->left = total;
}

int dx__counted_tell(struct dx__counted *counted, const uint8_t *data, size_t before, size_t length, size_t *used,
		struct dx_piece *piece)
{
	size_t n = length < counted->left ? length : (size_t)counted->left;
	counted->left -= n;
	piece->flags = (counted->inside ? 0 : DX_PIECE_BEGIN) | (counted->left ? 0 : DX_PIECE_END);
	piece->total = counted->total;
	piece->data = data + before;
	piece->length = n;
	counted->inside = counted->left;
	*used = before + n;
	return DX_DECODE_PIECE;
}

bool dx__counted_put(struct dx__counted *counted, const struct dx_piece *piece)
{
	bool begins = piece->flags & DX_PIECE_BEGIN, ends = piece->flags & DX_PIECE_END;
	if (begins == counted->inside || piece->total > DX__COUNTED_MOST)
		return false;
	if (begins)
		dx__counted_begin(counted, piece->total);
	if (piece->length > counted->left || (ends && piece->length < counted->left))
		return false;
	counted->left -= piece->length;
	counted->inside = !ends;
	return true;
}
