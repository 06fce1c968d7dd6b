# Finds the Python interpreter that GNU Radio belongs to, which need not be the first on PATH.
# Result: Python3_EXECUTABLE and XBAND_PYTHON_DIR (where modules are installed).
foreach(candidate /usr/bin/python3 python3)
  execute_process(COMMAND ${candidate} -c "import gnuradio"
                  RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
  if(status EQUAL 0)
    find_program(XBAND_PYTHON_FOUND ${candidate})
    set(Python3_EXECUTABLE ${XBAND_PYTHON_FOUND} CACHE FILEPATH "Interpreter that imports gnuradio")
    break()
  endif()
endforeach()
find_package(Python3 REQUIRED COMPONENTS Interpreter Development.Module)
set(PYTHON_EXECUTABLE ${Python3_EXECUTABLE} CACHE FILEPATH "for pybind11" FORCE)
find_package(pybind11 REQUIRED)
execute_process(
  COMMAND ${Python3_EXECUTABLE} -c
          "import sysconfig; print(sysconfig.get_path('platlib', 'deb_system' if 'deb_system' in sysconfig.get_scheme_names() else sysconfig.get_default_scheme(), vars={'platbase': '.', 'base': '.'}))"
  OUTPUT_VARIABLE XBAND_PLATLIB OUTPUT_STRIP_TRAILING_WHITESPACE)
set(XBAND_PYTHON_DIR ${XBAND_PLATLIB} CACHE PATH "Python modules go here, relative to the prefix")
