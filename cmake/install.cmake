# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# `cmake --install BUILD --prefix PREFIX` gives a tree that runs from wherever it lies, and `cpack` in a build folder a
# Debian package of it: bin/faintweb, the models and campaigns in share/faintweb, the documents in share/doc/faintweb and,
# in a build for the CPU, the libraries of LibTorch in lib/faintweb. LibTorch with CUDA is 5 GB: a build with CUDA keeps
# to the one that it was linked with.
include(GNUInstallDirs)

if(FAINTWEB_CUDA)
    set_target_properties(faintweb PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
    install(TARGETS faintweb)
else()
    file(RELATIVE_PATH libraries ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR}/faintweb)
    set_target_properties(faintweb PROPERTIES INSTALL_RPATH "$ORIGIN/${libraries}")
    # What the program and LibTorch need of LibTorch's folder and of the wheels beside it; the system has the rest. The
    # CPU half of the wheel with CUDA links two small libraries of CUDA and no other.
    install(
        TARGETS faintweb
        RUNTIME_DEPENDENCIES
            PRE_INCLUDE_REGEXES "^lib(torch|c10|gomp|cupti|cudart)" PRE_EXCLUDE_REGEXES ".*"
            POST_EXCLUDE_REGEXES "^/(usr/)?lib"
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/faintweb)
endif()
install(DIRECTORY config/models DESTINATION ${CMAKE_INSTALL_DATADIR}/faintweb)
install(DIRECTORY config/ DESTINATION ${CMAKE_INSTALL_DATADIR}/faintweb/campaigns FILES_MATCHING PATTERN "*.yaml" PATTERN models EXCLUDE)
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
if(EXISTS ${PROJECT_SOURCE_DIR}/docs)
    install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR})
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "The faintweb developers")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE zstd)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
cmake_path(GET LIBTORCH_CPU_LIBRARY PARENT_PATH libtorch_libraries)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${libtorch_libraries} ${libtorch_libraries}/../../nvidia/cu13/lib)
# mpirun, for more than one rank.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS openmpi-bin)
include(CPack)
