# gangway_add_program(<name> source...)
#
# A module program: all of its code, main() included, is in the shared library lib<name>-code.so, and the executable
# <name> is an empty launcher. The client library sends that one file to the engines, so that every function and
# lambda in it can be called there without registration.
#
# -fno-gnu-unique: two versions of one module in a process must not share their statics.
# Default visibility: the launcher takes main() from the library.
# Compressed debug information: the whole file travels.
function(gangway_add_program name)
  add_library(${name}-code SHARED ${ARGN})
  set_target_properties(${name}-code PROPERTIES CXX_VISIBILITY_PRESET default VISIBILITY_INLINES_HIDDEN OFF)
  target_compile_features(${name}-code PUBLIC cxx_std_20)
  target_compile_options(${name}-code PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
  target_link_options(${name}-code PRIVATE -Wl,--compress-debug-sections=zlib)
  target_link_libraries(${name}-code PUBLIC Gangway::gangway)
  set(launcher ${CMAKE_CURRENT_BINARY_DIR}/${name}-launcher.cpp)
  file(GENERATE OUTPUT ${launcher} CONTENT "// The program is in lib${name}-code.so; this links it.\n")
  add_executable(${name} ${launcher})
  target_link_libraries(${name} PRIVATE ${name}-code)
  target_link_options(${name} PRIVATE -Wl,--no-as-needed)
endfunction()
