// What a module was compiled for, in words that an engine reads in the file before it loads it: loading already runs
// the module's static initialisers. Each translation unit leaves one line in the section .gangway.abi; the engine
// accepts a module if it can run all of them (src/code/abi.hpp).
#pragma once

#include <version>  // the standard library's own macros

#include <boost/version.hpp>

#include <gangway/api.hpp>

#define GANGWAY_TEXT_OF(x) #x
#define GANGWAY_TEXT(x) GANGWAY_TEXT_OF(x)

#if defined(_LIBCPP_VERSION)
#define GANGWAY_STAMP_LIBRARY "libc++"
#elif _GLIBCXX_USE_CXX11_ABI
#define GANGWAY_STAMP_LIBRARY "libstdc++-cxx11"
#else
#define GANGWAY_STAMP_LIBRARY "libstdc++-old"
#endif

#ifdef _GLIBCXX_DEBUG
#define GANGWAY_STAMP_DEBUG "yes"
#else
#define GANGWAY_STAMP_DEBUG "no"
#endif

#ifdef __has_feature
#define GANGWAY_HAS_FEATURE(x) __has_feature(x)
#else
#define GANGWAY_HAS_FEATURE(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || GANGWAY_HAS_FEATURE(address_sanitizer)
#define GANGWAY_STAMP_SANITIZER "address"
#elif defined(__SANITIZE_THREAD__) || GANGWAY_HAS_FEATURE(thread_sanitizer)
#define GANGWAY_STAMP_SANITIZER "thread"
#else
#define GANGWAY_STAMP_SANITIZER "no"
#endif

// The processor's features that the compiler was allowed to use, by the names that compilers give them.
#ifdef __SSE4_2__
#define GANGWAY_STAMP_SSE4 ",sse4.2"
#else
#define GANGWAY_STAMP_SSE4 ""
#endif
#ifdef __AVX__
#define GANGWAY_STAMP_AVX ",avx"
#else
#define GANGWAY_STAMP_AVX ""
#endif
#ifdef __AVX2__
#define GANGWAY_STAMP_AVX2 ",avx2"
#else
#define GANGWAY_STAMP_AVX2 ""
#endif
#ifdef __FMA__
#define GANGWAY_STAMP_FMA ",fma"
#else
#define GANGWAY_STAMP_FMA ""
#endif
#ifdef __BMI2__
#define GANGWAY_STAMP_BMI2 ",bmi2"
#else
#define GANGWAY_STAMP_BMI2 ""
#endif
#ifdef __AVX512F__
#define GANGWAY_STAMP_AVX512F ",avx512f"
#else
#define GANGWAY_STAMP_AVX512F ""
#endif
#ifdef __AVX512BW__
#define GANGWAY_STAMP_AVX512BW ",avx512bw"
#else
#define GANGWAY_STAMP_AVX512BW ""
#endif
#ifdef __AVX512VL__
#define GANGWAY_STAMP_AVX512VL ",avx512vl"
#else
#define GANGWAY_STAMP_AVX512VL ""
#endif

// "with" is for people and is not compared: libraries and compilers of different releases work together, and what a
// newer one needs of glibc or libstdc++ the loader knows better.
#define GANGWAY_ABI_STAMP                                                                                     \
  "gangway=" GANGWAY_TEXT(                                                                                    \
      GANGWAY_ABI) ";library=" GANGWAY_STAMP_LIBRARY ";debug=" GANGWAY_STAMP_DEBUG                            \
                   ";sanitizer=" GANGWAY_STAMP_SANITIZER                                                      \
                   ";cpu=base" GANGWAY_STAMP_SSE4 GANGWAY_STAMP_AVX GANGWAY_STAMP_AVX2 GANGWAY_STAMP_FMA      \
                       GANGWAY_STAMP_BMI2 GANGWAY_STAMP_AVX512F GANGWAY_STAMP_AVX512BW GANGWAY_STAMP_AVX512VL \
                   ";with=compiler " __VERSION__ ", Boost " BOOST_LIB_VERSION

#if defined(__has_attribute) && __has_attribute(retain)
#define GANGWAY_RETAIN , gnu::retain
#else
#define GANGWAY_RETAIN
#endif

namespace gangway::detail {

/// Not removed by the linker, though nobody refers to it.
[[ gnu::section(".gangway.abi"), gnu::used GANGWAY_RETAIN ]] static const char abi_stamp[] = GANGWAY_ABI_STAMP;

}  // namespace gangway::detail
