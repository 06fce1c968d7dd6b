"""The station: orbits, schedule, supervisor, publisher. Never imports gnuradio."""
