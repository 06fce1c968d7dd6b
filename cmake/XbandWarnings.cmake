# SPDX-License-Identifier: GPL-3.0-or-later
# xband_set_warnings(target): the warnings that every target of ours must be free of, and the sanitizers when asked for.
function(xband_set_warnings target)
  # restrict: false alarms of GCC 12 on std::string (GCC bug 105329).
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow -Wno-restrict)
  if(XBAND_SANITIZE)
    # -O1: at -O3 the checks make some kernels compile for minutes.
    target_compile_options(${target} PUBLIC -O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all
                                            -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=address,undefined)
  endif()
endfunction()
