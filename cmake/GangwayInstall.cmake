# What `cmake --install` puts where. Everything in build/stage is installed at the same relative place, so that a
# program finds the helpers beside its library in both.
include(CMakePackageConfigHelpers)

set(GANGWAY_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/Gangway)

# gangway_staged_programs(<stage directory> <variable>): the executables of src/ and launch/ that are built there.
function(gangway_staged_programs directory variable)
  set(programs)
  foreach(folder src/app src/keeper src/engine src/gateway src/worker src/client launch)
    if(NOT EXISTS ${PROJECT_SOURCE_DIR}/${folder}/CMakeLists.txt)
      continue()
    endif()
    get_property(targets DIRECTORY ${PROJECT_SOURCE_DIR}/${folder} PROPERTY BUILDSYSTEM_TARGETS)
    foreach(target IN LISTS targets)
      get_target_property(type ${target} TYPE)
      get_target_property(place ${target} RUNTIME_OUTPUT_DIRECTORY)
      if(type STREQUAL "EXECUTABLE" AND place STREQUAL directory)
        list(APPEND programs ${target})
      endif()
    endforeach()
  endforeach()
  set(${variable} ${programs} PARENT_SCOPE)
endfunction()

# Installs programs, which look for libgangway.so beside them.
function(gangway_install_programs directory)
  file(RELATIVE_PATH to_library /${directory} /${CMAKE_INSTALL_LIBDIR})
  set_target_properties(${ARGN} PROPERTIES INSTALL_RPATH "$ORIGIN/${to_library}" INSTALL_RPATH_USE_LINK_PATH ON)
  install(TARGETS ${ARGN} RUNTIME DESTINATION ${directory})
endfunction()

gangway_staged_programs(${GANGWAY_STAGE_BIN} commands)
gangway_staged_programs(${GANGWAY_STAGE_LIBEXEC} helpers)
add_custom_target(gangway_runtime)  # all that a program needs to start a cluster
if(commands)
  gangway_install_programs(${CMAKE_INSTALL_BINDIR} ${commands})
  add_dependencies(gangway_runtime ${commands})
endif()
if(helpers)
  add_dependencies(gangway_runtime ${helpers})
  list(REMOVE_ITEM helpers gangway-finish)  # part of the package, below
  gangway_install_programs(${GANGWAY_LIBEXECDIR} ${helpers})
endif()

# Sources that `gangway build` compiles find the headers beside the library, here as in an installation.
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/stage)
file(CREATE_LINK ${PROJECT_SOURCE_DIR}/include ${PROJECT_BINARY_DIR}/stage/${CMAKE_INSTALL_INCLUDEDIR} SYMBOLIC)

install(DIRECTORY include/gangway DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

if(TARGET Gangway::gangway)
  get_target_property(library Gangway::gangway ALIASED_TARGET)
  set_target_properties(${library} PROPERTIES EXPORT_NAME gangway INSTALL_RPATH_USE_LINK_PATH ON)
  add_dependencies(gangway_runtime ${library})
  install(TARGETS ${library} gangway-finish EXPORT GangwayTargets
          LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
          RUNTIME DESTINATION ${GANGWAY_LIBEXECDIR}
          INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT GangwayTargets NAMESPACE Gangway:: DESTINATION ${GANGWAY_PACKAGE_DIR})
  configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/GangwayConfig.cmake.in
                                ${PROJECT_BINARY_DIR}/GangwayConfig.cmake
                                INSTALL_DESTINATION ${GANGWAY_PACKAGE_DIR})
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/GangwayConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/GangwayConfig.cmake ${PROJECT_BINARY_DIR}/GangwayConfigVersion.cmake
                ${CMAKE_CURRENT_LIST_DIR}/GangwayProgram.cmake
          DESTINATION ${GANGWAY_PACKAGE_DIR})
endif()
