# Compiler settings of Gangway's own targets, and the one way to declare a folder's library.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, Debug or RelWithDebInfo" FORCE)
endif()

find_program(GANGWAY_CCACHE ccache)
if(GANGWAY_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${GANGWAY_CCACHE})
endif()

# Built files stand as installed ones do, so that a program finds the helpers beside its library in both places.
set(GANGWAY_LIBEXECDIR ${CMAKE_INSTALL_LIBEXECDIR}/gangway)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/stage/${CMAKE_INSTALL_LIBDIR})
set(GANGWAY_STAGE_BIN ${PROJECT_BINARY_DIR}/stage/${CMAKE_INSTALL_BINDIR})
set(GANGWAY_STAGE_LIBEXEC ${PROJECT_BINARY_DIR}/stage/${GANGWAY_LIBEXECDIR})

# Most of a compilation is reading headers; one translation unit for each folder reads them once.
option(GANGWAY_UNITY "Compile each folder of the library as one translation unit" OFF)

set(GANGWAY_SANITIZE "" CACHE STRING "Sanitizers to build with: address,undefined or thread")

add_library(gangway_settings INTERFACE)
target_compile_options(gangway_settings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
# g++ 12 sees an overlap in `"text" + std::string{}` that is not there (its bug 105651).
target_compile_options(gangway_settings INTERFACE
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>)
target_include_directories(gangway_settings INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src
                                                      ${PROJECT_SOURCE_DIR})
# Without the two checks that every access through a pointer has, a test program is no larger than what may be sent
# to engines; the address sanitizer finds null pointers as well. In instrumented code g++ takes checked values for
# uninitialised ones.
if(GANGWAY_SANITIZE)
  add_compile_options(-fsanitize=${GANGWAY_SANITIZE} -fno-sanitize=null,alignment -fno-omit-frame-pointer -g1
                      -Wno-maybe-uninitialized)
  add_link_options(-fsanitize=${GANGWAY_SANITIZE})
  if(GANGWAY_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-tsan)  # Asio has memory fences, which this sanitizer does not see
  endif()
endif()

# gangway_library(<folder> SOURCES file... [USES folder...] [LINKS target...])
# The static library gangway_<folder>. USES is who it may include: tests/lint checks the same list.
function(gangway_library folder)
  cmake_parse_arguments(arg "" "" "SOURCES;USES;LINKS" ${ARGN})
  add_library(gangway_${folder} STATIC ${arg_SOURCES})
  set_target_properties(gangway_${folder} PROPERTIES UNITY_BUILD ${GANGWAY_UNITY} UNITY_BUILD_BATCH_SIZE 16)
  target_link_libraries(gangway_${folder} PUBLIC gangway_settings ${arg_LINKS})
  foreach(used IN LISTS arg_USES)
    target_link_libraries(gangway_${folder} PUBLIC gangway_${used})
  endforeach()
endfunction()

# gangway_executable(<name> <stage directory> SOURCES file... USES folder... [LINKS target...])
function(gangway_executable name directory)
  cmake_parse_arguments(arg "" "" "SOURCES;USES;LINKS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${directory})
  target_link_libraries(${name} PRIVATE gangway_settings ${arg_LINKS})
  foreach(used IN LISTS arg_USES)
    target_link_libraries(${name} PRIVATE gangway_${used})
  endforeach()
endfunction()
