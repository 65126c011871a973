/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot;

import java.util.ArrayList;
import java.util.List;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaParameter;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import io.duplex.DuplexEngine;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.LazyInitializationExcludeFilter;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.context.annotation.ImportCandidates;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * The rules by which the Java code is put together: those of this project, and those that
 * Spring Boot has for its own modules.
 */
class ArchitectureTests {

	private static final JavaClasses CLASSES = new ClassFileImporter()
		.withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
		.importPackages("io.duplex");

	@Test
	void theJavaApiIsAmongTheClasses() {
		assertThat(CLASSES.contain(DuplexEngine.class)).isTrue();
		assertThat(CLASSES.contain(DuplexProxyRegistry.class)).isTrue();
		assertThat(CLASSES.contain(ArchitectureTests.class)).isFalse();
	}

	@Test
	void packagesAreFreeOfCycles() {
		check(SlicesRuleDefinition.slices().matching("(**)").should().beFreeOfCycles());
	}

	@Test
	void theJavaApiKnowsNothingOfSpring() {
		check(noClasses().that(describe("belong to the Java API", this::isJavaApi))
			.should()
			.dependOnClassesThat()
			.resideInAnyPackage("org.springframework..", "io.micrometer..", "io.duplex.boot.."));
	}

	@Test
	void theBindingIsUsedByTheJavaApiAlone() {
		check(noClasses().that()
			.resideOutsideOfPackages("io.duplex", "io.duplex.ffi..", "io.duplex.netty")
			.should()
			.dependOnClassesThat()
			.resideInAPackage("io.duplex.ffi.."));
	}

	@Test
	void theStarterUsesNoJna() {
		check(noClasses().that()
			.resideInAPackage("io.duplex.boot..")
			.should()
			.dependOnClassesThat()
			.resideInAPackage("com.sun.jna.."));
	}

	@Test
	void packagesAreNullMarked() {
		List<String> unmarked = new ArrayList<>();
		CLASSES.forEach((type) -> {
			if (!type.getPackage().isAnnotatedWith(NullMarked.class)) {
				unmarked.add(type.getName());
			}
		});
		assertThat(unmarked).isEmpty();
	}

	@Test
	void autoConfigurationClassesArePublicAndFinal() {
		check(classes().that()
			.areAnnotatedWith(AutoConfiguration.class)
			.should()
			.bePublic()
			.andShould()
			.haveModifier(JavaModifier.FINAL));
	}

	@Test
	void autoConfigurationClassesHaveNoPublicMembers() {
		check(classes().that()
			.areAnnotatedWith(AutoConfiguration.class)
			.should(check("have no public members",
					(type, events) -> type.getMembers()
						.stream()
						.filter((member) -> member.getModifiers().contains(JavaModifier.PUBLIC))
						.filter((member) -> !member.getFullName().endsWith(".<init>()"))
						.map(JavaMember::getDescription)
						.forEach((description) -> violate(events, type, description + " is public")))));
	}

	@Test
	void autoConfigurationClassesAreRegistered() {
		List<String> registered = ImportCandidates.load(AutoConfiguration.class, null).getCandidates();
		check(classes().that()
			.areAnnotatedWith(AutoConfiguration.class)
			.should(check("be listed in AutoConfiguration.imports", (type, events) -> {
				if (!registered.contains(type.getName())) {
					violate(events, type, type.getName() + " is not listed");
				}
			})));
	}

	@Test
	void beanPostProcessorsAreStaticAndCauseNoEarlyInitialization() {
		check(methods().that()
			.areAnnotatedWith(Bean.class)
			.and()
			.haveRawReturnType(JavaClass.Predicates.assignableTo(BeanPostProcessor.class))
			.should()
			.beStatic()
			.andShould(haveOnlyParametersOf(ObjectProvider.class, ApplicationContext.class, Environment.class)));
	}

	@Test
	void whatIsNeededBeforeOtherBeansIsStatic() {
		check(methods().that()
			.areAnnotatedWith(Bean.class)
			.and()
			.haveRawReturnType(JavaClass.Predicates.assignableTo(BeanFactoryPostProcessor.class)
				.or(JavaClass.Predicates.assignableTo(LazyInitializationExcludeFilter.class)))
			.should()
			.beStatic()
			.andShould(haveOnlyParametersOf(Environment.class)));
	}

	@Test
	void classConditionsAreOnClasses() {
		check(methods().that()
			.areAnnotatedWith(Bean.class)
			.should()
			.notBeAnnotatedWith(ConditionalOnClass.class)
			.because("the method's signature is loaded all the same"));
	}

	@Test
	void beanMethodsAreNotPublicAndReturnNoPrivateType() {
		check(methods().that()
			.areAnnotatedWith(Bean.class)
			.should()
			.notBePublic()
			.andShould(check("return no private type", (method, events) -> {
				if (method.getRawReturnType().getModifiers().contains(JavaModifier.PRIVATE)) {
					violate(events, method, method.getDescription() + " returns a private type");
				}
			})));
	}

	@Test
	void failureAnalyzersAreNotPublic() {
		check(classes().that().areAssignableTo(FailureAnalyzer.class).should().notBePublic());
	}

	@Test
	void staticFieldsAreFinal() {
		check(noFields().that()
			.areStatic()
			.and()
			.areDeclaredInClassesThat()
			.resideInAPackage("io.duplex.boot..")
			.should()
			.notBeFinal());
	}

	@Test
	void caseIsChangedIndependentlyOfTheLocale() {
		check(noClasses().should()
			.callMethod(String.class, "toLowerCase")
			.orShould()
			.callMethod(String.class, "toUpperCase")
			.because("it should be told Locale.ROOT"));
	}

	private static void check(ArchRule rule) {
		rule.check(CLASSES);
	}

	private boolean isJavaApi(JavaClass type) {
		return type.getPackageName().equals("io.duplex") || type.getPackageName().startsWith("io.duplex.ffi");
	}

	private static ArchCondition<JavaMethod> haveOnlyParametersOf(Class<?>... types) {
		return check("have only parameters that cause no early initialization", (method, events) -> {
			for (JavaParameter parameter : method.getParameters()) {
				if (List.of(types).stream().noneMatch((type) -> parameter.getRawType().isEquivalentTo(type))) {
					violate(events, method, parameter.getDescription() + " causes early initialization");
				}
			}
		});
	}

	private static <T> ArchCondition<T> check(String description, Check<T> check) {
		return new ArchCondition<>(description) {

			@Override
			public void check(T item, ConditionEvents events) {
				check.check(item, events);
			}

		};
	}

	private static void violate(ConditionEvents events, Object item, String message) {
		events.add(SimpleConditionEvent.violated(item, message));
	}

	@FunctionalInterface
	private interface Check<T> {

		void check(T item, ConditionEvents events);

	}

}
