// How values become bytes and back: arguments, results, pushed and pulled objects. Boost.Serialization's interface,
// none of its machinery: a class with `template <class Archive> void serialize(Archive&, unsigned)` - public, or
// private with `friend class boost::serialization::access`; split or not - or with a free function of that form
// travels; so do the standard library's value types of them, and every trivially copyable class, as its bytes.
// Pointers do not travel.
//
// A payload is one piece of memory. All numbers are little-endian and of fixed width.
//
//   offset       bytes
//        0           4   'G' 'W' 'A' '1'
//        4           4   number of segments, S
//        8           8   bytes in band, B
//       16         8 S   bytes of each segment
//   16 + 8 S         B   in band: the values one after the other
//   then each segment, beginning at the next multiple of 64 bytes from the payload's start; zeros between. The last
//   segment ends the payload.
//
// In band, a value is
//   bool                          1 byte, 0 or 1
//   number, enumeration           its bytes
//   trivially copyable class      its bytes, if it has no public serialize()
//   array<T, N>, T[N]             its elements
//   string, vector, span          u64 count, its elements
//   deque, list, set, map, ...    u64 count, its elements (of a map: key, value)
//   pair, tuple                   its members
//   optional                      1 byte, 0 or 1, and the value if there is one
//   variant                       1 byte, the index, and the value
//   class with serialize()        what serialize() names, in that order
//
// Elements that are copied as bytes and lie side by side leave the band if there are 256 bytes or more of them: they
// are the next segment. A payload that begins on a 64-byte boundary so has its arrays aligned, and they can be used
// in place. A list whose elements take fewer bytes in band than there are elements is filled up with zeros to that
// many: so a count can be compared with the bytes that are left before it is believed.
#pragma once

#include <type_traits>

#include <gangway/detail/decode.hpp>
#include <gangway/detail/encode.hpp>
#include <gangway/detail/payload.hpp>

namespace gangway::detail {

/// Appends a value. An object that has a name must live unchanged until write_to(): long arrays are not copied
/// before. (What a user's serialize() names outside the object, such as a local variable of it, is copied at once,
/// and so is a temporary.) Throws ArchiveError for what has no encoding: a variant without a value, nesting deeper
/// than nesting_max.
template <class T>
void encode(PayloadWriter& out, T&& value) {
  encode_item<std::remove_cvref_t<T>>(out, value, std::is_lvalue_reference_v<T>);
}

/// Reads the next value. Throws ArchiveError if the bytes are not a T.
template <class T>
T decode(PayloadReader& in) {
  return decode_item<T>(in);
}

}  // namespace gangway::detail
