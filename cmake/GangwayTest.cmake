# The two test verbs.

# gangway_test(<name> SOURCES file... [USES folder...] [LINKS target...] [TIMEOUT s] [LABELS label...])
# A GoogleTest program; one CTest entry. The time limit is there for hangs, not for slow machines.
function(gangway_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;USES;LINKS;LABELS" ${ARGN})
  gangway_present_only()  # temporary
  find_package(GTest REQUIRED)
  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE gangway_settings GTest::gmock GTest::gtest_main ${arg_LINKS})
  foreach(used IN LISTS arg_USES)
    target_link_libraries(${name} PRIVATE gangway_${used})
  endforeach()
  add_test(NAME ${name} COMMAND ${name})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
endfunction()

# gangway_mpi_test(<name> SOURCES file... USES folder... RANKS n...)
# A GoogleTest program run under mpirun, one CTest entry for each number of ranks; the sources bring their main().
function(gangway_mpi_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;USES;LINKS;RANKS" ${ARGN})
  gangway_present_only()  # temporary
  find_package(GTest REQUIRED)
  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE gangway_settings GTest::gmock GTest::gtest ${arg_LINKS})
  foreach(used IN LISTS arg_USES)
    target_link_libraries(${name} PRIVATE gangway_${used})
  endforeach()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 180)
  endif()
  foreach(ranks IN LISTS arg_RANKS)
    add_test(NAME ${name}_${ranks}_ranks
             COMMAND ${PROJECT_SOURCE_DIR}/tests/support/run_mpi ${ranks} $<TARGET_FILE:${name}>)
    set_tests_properties(${name}_${ranks}_ranks PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS mpi PROCESSORS 2)
  endforeach()
endfunction()
