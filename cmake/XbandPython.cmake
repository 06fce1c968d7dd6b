# SPDX-License-Identifier: GPL-3.0-or-later
# Finds the Python interpreter that GNU Radio belongs to, which need not be the first on PATH (pyenv, conda, a venv).
# -DPython3_EXECUTABLE=... overrides the search.
# Results: Python3_EXECUTABLE, XBAND_PYTHON_DIR (where modules are installed, relative to the prefix).
if(NOT Python3_EXECUTABLE)
  find_program(XBAND_PATH_PYTHON python3)
  mark_as_advanced(XBAND_PATH_PYTHON)
  foreach(candidate /usr/bin/python3 ${XBAND_PATH_PYTHON})
    execute_process(COMMAND ${candidate} -c "import gnuradio" RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
    if(status EQUAL 0)
      set(Python3_EXECUTABLE ${candidate} CACHE FILEPATH "Interpreter that imports gnuradio")
      break()
    endif()
  endforeach()
  if(XBAND_GNURADIO AND NOT Python3_EXECUTABLE)
    message(FATAL_ERROR "Neither /usr/bin/python3 nor the python3 on PATH can import gnuradio. Install GNU Radio 3.10 "
                        "(apt-get install gnuradio gnuradio-dev), or name its interpreter by -DPython3_EXECUTABLE=..., "
                        "or build the kernels alone by -DXBAND_GNURADIO=OFF.")
  endif()
endif()
find_package(Python3 REQUIRED COMPONENTS Interpreter Development.Module)
set(PYTHON_EXECUTABLE ${Python3_EXECUTABLE} CACHE FILEPATH "The same, under the name that pybind11 looks for" FORCE)
find_package(pybind11 REQUIRED)

# Debian's Python reads /usr/local/lib/python3.X/dist-packages and, for the distribution's own packages,
# /usr/lib/python3/dist-packages; sysconfig's default scheme names neither for every prefix.
execute_process(
  COMMAND ${Python3_EXECUTABLE} -c "import sysconfig; print('deb_system' in sysconfig.get_scheme_names())"
  OUTPUT_VARIABLE has_debian_layout OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT has_debian_layout STREQUAL "True")
  set(python_dir lib/python${Python3_VERSION_MAJOR}.${Python3_VERSION_MINOR}/site-packages)
elseif(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  set(python_dir lib/python3/dist-packages)
else()
  set(python_dir lib/python${Python3_VERSION_MAJOR}.${Python3_VERSION_MINOR}/dist-packages)
endif()
set(XBAND_PYTHON_DIR ${python_dir} CACHE PATH "Python modules go here, relative to the prefix")
