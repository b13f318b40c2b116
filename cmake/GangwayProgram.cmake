# gangway_add_program(<name> source...)
#
# A module program: all of its code, main() included, is in the shared library lib<name>-code.so, and the executable
# <name> is an empty launcher. The client library sends that one file to the engines, so that every function and
# lambda in it can be called there without registration.
#
# Functions that the program only declares and calls at engines, as fn<f>, may stay undefined: gangway-finish sees to
# it, and the launcher's linker refuses whatever else is missing.
#
# -fno-gnu-unique: two versions of one module in a process must not share their statics.
# Default visibility: the launcher takes main() from the library.
# Compressed debug information: the whole file travels.
function(gangway_add_program name)
  gangway_add_library(${name}-code ${ARGN})
  set_target_properties(${name}-code PROPERTIES CXX_VISIBILITY_PRESET default VISIBILITY_INLINES_HIDDEN OFF)
  target_link_options(${name}-code PRIVATE -Wl,--compress-debug-sections=zlib LINKER:-z,undefs)
  add_custom_command(TARGET ${name}-code POST_BUILD COMMAND Gangway::finish $<TARGET_FILE:${name}-code> VERBATIM)
  set(launcher ${CMAKE_CURRENT_BINARY_DIR}/${name}-launcher.cpp)
  file(GENERATE OUTPUT ${launcher} CONTENT "// The program is in lib${name}-code.so; this links it.\n")
  add_executable(${name} ${launcher})
  target_link_libraries(${name} PRIVATE ${name}-code)
  target_link_options(${name} PRIVATE -Wl,--no-as-needed)
endfunction()

# gangway_add_library(<name> source...)
#
# A library whose functions clients of any build can call: it names them in GANGWAY_REGISTER(), and
# gangway::Client::load() brings the file to the engines.
function(gangway_add_library name)
  add_library(${name} SHARED ${ARGN})
  target_compile_features(${name} PUBLIC cxx_std_20)
  target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
  target_link_libraries(${name} PUBLIC Gangway::gangway)
endfunction()
