# cmake/LeatWeb.cmake -- the report's script and style, bundled from web/ by npm and esbuild, linked into room report.
#
# web/package.json has a script "build" that writes report.js and report.css into $LEAT_WEB_OUT.  The bytes become
# report_js and report_css (see LeatEmbed.cmake).  Without web/ or without room report, nothing happens.

function(leat_web)
  if(NOT EXISTS ${CMAKE_SOURCE_DIR}/web/package.json OR NOT TARGET leat_report)
    return()
  endif()
  # All builds share one bundle: it depends on web/ alone and takes a while to install.
  set(out ${CMAKE_SOURCE_DIR}/build/web)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/src/*)
  file(GLOB config CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/*.json ${CMAKE_SOURCE_DIR}/web/*.mjs
       ${CMAKE_SOURCE_DIR}/web/*.js ${CMAKE_SOURCE_DIR}/web/*.ts)
  add_custom_command(
    OUTPUT ${out}/report.js ${out}/report.css
    COMMAND ${CMAKE_SOURCE_DIR}/scripts/web ${out}
    DEPENDS ${sources} ${config} ${CMAKE_SOURCE_DIR}/scripts/web
    COMMENT "Bundling the report's script and style (npm, esbuild)"
    USES_TERMINAL VERBATIM)
  add_custom_target(web DEPENDS ${out}/report.js ${out}/report.css)
  leat_embed(leat_report report_js ${out}/report.js)
  leat_embed(leat_report report_css ${out}/report.css)
endfunction()
