/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

class ArchitectureTests {

	private static final String API = "io.duplex";

	private static final String BINDING = "io.duplex.ffi";

	private static JavaClasses classes;

	@BeforeAll
	static void read() {
		classes = new ClassFileImporter().withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
			.importPackages(API);
	}

	@Test
	void theApiKnowsNoSpring() {
		noClasses().should().dependOnClassesThat().resideInAPackage("org.springframework..").check(classes);
	}

	@Test
	void theBindingKnowsNothingOfTheApi() {
		noClasses().that()
			.resideInAPackage(BINDING)
			.should()
			.dependOnClassesThat()
			.resideInAPackage(API)
			.check(classes);
	}

	@Test
	void onlyTheBindingKnowsJna() {
		noClasses().that()
			.resideInAPackage(API)
			.should()
			.dependOnClassesThat()
			.resideInAPackage("com.sun.jna..")
			.check(classes);
	}

	@Test
	void packagesHaveNoCycles() {
		slices().matching("io.duplex.(**)").should().beFreeOfCycles().check(classes);
	}

	@Test
	void theApiHidesItsImplementation() {
		classes().that()
			.haveSimpleNameStartingWith("Native")
			.and()
			.resideInAPackage(API)
			.and()
			.haveSimpleNameNotEndingWith("Exception")
			.and()
			.areTopLevelClasses()
			.should()
			.bePackagePrivate()
			.check(classes);
	}

	@Test
	void packagesAreNullMarked() {
		assertThat(DuplexEngine.class.getPackage().isAnnotationPresent(NullMarked.class)).isTrue();
		assertThat(classes.get("io.duplex.ffi.package-info").isAnnotatedWith(NullMarked.class)).isTrue();
	}

}
