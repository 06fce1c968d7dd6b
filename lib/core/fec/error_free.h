// SPDX-License-Identifier: GPL-3.0-or-later
// Where the hard decisions are proven to be what the Viterbi decoder would decide.
//
// Times count information bits: at time t the encoder's state holds the bits before t, the branch t leads from time t to
// t + 1. Costs are the decoder's: a symbol costs its level if it differs from the hard decision, else nothing.
//
// 1. The syndrome c1 G2 + c2 G1 of hard decisions c1, c2 is zero on the branches a + 6 to b - 1 exactly if the branches a to
//    b - 1 are a piece of a codeword: there is one path H from time a to time b, and it costs nothing. (Pieces of b - a
//    branches have b - a + 6 dimensions, as their 6 + b - a bits can be told from them; just as many as the hard decisions
//    that meet b - a - 6 independent conditions.)
// 2. From any state at time a a path may join H by time a + 6, and from H at time b - 6 reach any state at time b, for no
//    more than the sum J of the 12 levels on those branches.
// 3. A path off H over n branches differs from it in at least w(n) symbols (least weight of a path that avoids the zero
//    state, as the code is linear). If m(l) of the 2 n symbols have a level below l, at least w(n) - m(l) of those that
//    differ cost l or more, for each l. So it costs at least the sum over l of max(0, w(n) - m(l)).
// 4. Let that bound exceed J over the guards, the branches [a, c) and [d, b), c <= d. Then the best path P of any window of
//    the stream is on H at all times of [c, d] that lie in the window, whatever the rest of the window holds:
//    - P meets H within [a, c]. Else there is a cheaper path: leave P at a, join H by a + 6, stay until P meets H, or until
//      b - 6 and there leave for P's state at b. This saves the cost of P in the guard [a, c) (and in [d, b), if P does not
//      meet H at all) and costs no more than J (twice). If the window begins after a, the other path may begin on H, and
//      costs nothing there; if it ends before b, that may end on H.
//    - So it is, by symmetry, in [d, b].
//    - Between two meetings P costs nothing. A detour does, as both symbols of its first branch differ (both generators tap
//      the newest bit) and no branch counts as free of errors whose two levels are zero. The same holds for a path that
//      joins H after the beginning of the window, or leaves it before the end: both generators tap the oldest bit too.
//    As the other path is cheaper, and not just as cheap, no rule for ties can prefer P.
// 5. So two windows that share [d1, c2], with d1 and c2 in proven stretches (or a common end of both windows), have the same
//    best path there, if they settle ties alike: between two states that both must pass they choose among the same paths,
//    whose metrics differ by the same amounts. Labels settle ties; they are the same where the blocks begin at the same times.
#pragma once
#include "fec/channel_words.h"

#include <cstddef>
#include <span>
#include <vector>

namespace xband::core::viterbi {

/// A stretch of the stream that must be decoded: outside of such stretches, and at times begin and end themselves, the best
/// path of any window is proven to be the hard one.
struct doubtful_stretch {
    std::ptrdiff_t begin, end;
};

/// True if so few words have errors, by a sample of them, that looking for the stretches is worth the time.
bool has_few_errors(std::span<const hard_word> words);

/// \param words hard decisions, from time `words_begin` on; what is not in the input is erased.
/// \param soft  the input, from time `soft_begin` on. No window may reach beyond it.
/// \param found out: in ascending order, without overlap; the first may begin, the last end beyond the input.
void find_doubtful_stretches(std::span<const hard_word> words,
                             std::ptrdiff_t words_begin,
                             std::span<const soft_bit> soft,
                             std::ptrdiff_t soft_begin,
                             std::vector<doubtful_stretch>& found);

/// The bits that the encoder must have been given where the hard decisions are free of errors; anything elsewhere.
/// \param before the word before the first. \param bits out: 8 octets for each word.
void invert_encoder(std::span<const hard_word> words, const hard_word& before, std::span<std::uint8_t> bits);

} // namespace xband::core::viterbi
